// npm run licences: whether what Postern is delivered with has a licence that lets it be, and no vulnerability of a high severity that
// is known. Where the registry answers no audits (mirrors often do not) this is said, and is no failure.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "../src/console/bundle.ts";

const root = join(import.meta.dirname, "..");
/** Licences that ask for no more than that they are named. */
const ALLOWED = new Set([
  "MIT",
  "ISC",
  "0BSD",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "Unlicense",
]);
const LEVEL = "high";

const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
/** Packages that are in the console's files. */
const { packages: bundled } = await bundle();
const delivered = Object.entries(lock.packages).filter(
  ([path, { dev }]) => path !== "" && (!dev || bundled.includes(path)),
);
const refused = delivered.filter(([, { license }]) => !ALLOWED.has(license));
for (const [path, { license }] of refused)
  console.error(
    `${path}: its licence is ${license ?? "not named"}. Look whether it may be delivered, then allow it here.`,
  );
console.log(
  `licences: ${delivered.length} packages are delivered, ${refused.length} of them with a licence that is not allowed`,
);

const { stdout } = spawnSync(
  "npm",
  ["audit", "--omit=dev", `--audit-level=${LEVEL}`, "--json", ...process.argv.slice(2)],
  {
    cwd: root,
    encoding: "utf8",
  },
);
const severe = vulnerable(stdout);
if (severe === undefined)
  console.log("audit: the registry answers no audits; ask another with: npm run licences -- --registry URL");
else console.log(`audit: ${severe.length} packages have a vulnerability of severity ${LEVEL} or worse that is known`);
for (const { name, severity, via } of severe ?? [])
  console.error(
    `${name}: ${severity}: ${via.map((each) => (typeof each === "string" ? each : `${each.title}, ${each.url}`)).join("; ")}`,
  );
process.exitCode = refused.length > 0 || (severe?.length ?? 0) > 0 ? 1 : 0;

/** The packages with a vulnerability that is severe; undefined where the registry did not say. */
function vulnerable(text) {
  try {
    const { vulnerabilities } = JSON.parse(text);
    return (
      vulnerabilities &&
      Object.values(vulnerabilities).filter(({ severity }) => ["high", "critical"].includes(severity))
    );
  } catch {
    return undefined;
  }
}
