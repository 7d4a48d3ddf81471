#!/usr/bin/env node
// Written in old JavaScript on purpose: a Node.js that is too old must get as far as the message.
const NEEDED = 24;
const { node: version } = process.versions;

if (Number(version.split(".")[0]) < NEEDED) {
  console.error(
    `Postern needs Node.js ${NEEDED} or later, and this is ${version} (${process.execPath}).
Install a newer one from https://nodejs.org/en/download, or use Postern's container image, which brings its own.`,
  );
  process.exitCode = 2;
} else {
  const { existsSync } = require("node:fs");
  const { join } = require("node:path");
  const { pathToFileURL } = require("node:url");
  // A clone runs its sources; a package has what was built of them.
  const source = join(__dirname, "../src/main.ts");
  import(pathToFileURL(existsSync(source) ? source : join(__dirname, "../dist/src/main.js")).href);
}
