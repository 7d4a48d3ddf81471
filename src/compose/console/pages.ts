import type { ConsolePage } from "../../console/env.ts";
import { auditPage } from "../../console/pages/audit.ts";
import { configurationPage } from "../../console/pages/configuration.ts";
import { connectorsPage } from "../../console/pages/connectors.ts";
import { guardPage } from "../../console/pages/guard.ts";
import { livePage } from "../../console/pages/live.ts";
import { overviewPage } from "../../console/pages/overview.ts";
import { peoplePage } from "../../console/pages/people.ts";
import { syncsPage } from "../../console/pages/syncs.ts";
import { auditDeps } from "./audit.ts";
import { configurationSources } from "./configuration.ts";
import { connectorsDeps } from "./connectors.ts";
import { createDrifts } from "./drifts.ts";
import { guardDeps } from "./guard.ts";
import { liveSources } from "./live.ts";
import { consoleMappings } from "./mappings.ts";
import { overviewDeps } from "./overview.ts";
import { peopleDeps } from "./people.ts";
import type { ConsoleSources } from "./sources.ts";
import { syncsDeps } from "./syncs.ts";

/** The server's part of each page of the console, by name: what they show of the running gateway, and what they do to it. */
export function consolePages(sources: ConsoleSources): Readonly<Record<string, ConsolePage>> {
  const drifts = createDrifts();
  return {
    overview: overviewPage(overviewDeps(sources, drifts)),
    live: livePage(liveSources(sources)),
    people: peoplePage(peopleDeps(sources)),
    mappings: consoleMappings(sources),
    connectors: connectorsPage(connectorsDeps(sources)),
    guard: guardPage(guardDeps(sources)),
    syncs: syncsPage(syncsDeps(sources, drifts)),
    audit: auditPage(auditDeps(sources)),
    configuration: configurationPage(configurationSources(sources)),
  };
}
