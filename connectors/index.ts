import type { ConnectorDefinition } from "../src/connector/connector.ts";
import activeDirectory from "./active-directory/index.ts";
import file from "./file/index.ts";
import ldap from "./ldap/index.ts";
import memory from "./memory/index.ts";
import rest from "./rest/index.ts";
import scim from "./scim/index.ts";
import sql from "./sql/index.ts";

/** The connectors that come with Postern: one line each. */
export const connectors: readonly ConnectorDefinition[] = [
  activeDirectory,
  ldap,
  sql,
  rest,
  scim,
  file,
  memory,
] as readonly ConnectorDefinition[];
