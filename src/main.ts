#!/usr/bin/env node
import { connectors } from "../connectors/index.ts";
import { sinks } from "../sinks/index.ts";
import { run } from "./cli/cli.ts";
import { takeBrokenPipes } from "./cli/output.ts";

takeBrokenPipes();

process.exitCode = await run(process.argv.slice(2), { connectors, sinks });
