import { mappingText } from "./mapping-text.ts";
import type { Report } from "./report.ts";
import { isSet, type Path, type Source } from "./source.ts";
import type { Converted } from "./target.ts";

/** Plugins that have no counterpart, by what their files have, and what to do instead. */
const LEFT: readonly { readonly has: Path; readonly text: string }[] = [
  {
    has: ["endpoint", "saml_provider"],
    text: "SAP HANA is not one of the databases that Postern speaks to. Put a SCIM or REST service before it (postern init rest), or stay on scimgateway for it.",
  },
  {
    has: ["endpoint", "baseServiceEndpoint"],
    text: "Postern does not speak SOAP. If the application has a REST API, start from postern init rest; else stay on scimgateway for it.",
  },
];

const MONGODB =
  "MongoDB is not one of the databases that Postern speaks to. Export the users, make them in a SQL database, and start from postern init sql.";
const UNKNOWN =
  "What this plugin does stands in its code. For a REST API start from postern init rest, for tables from postern init sql.";

/** Says of a plugin without a counterpart what to do instead. */
export function leaveOut(source: Source, report: Report, entity: Path | undefined): void {
  const found = LEFT.find(({ has }) => isSet(source.at(has)));
  const isMongo = String((entity && source.at([...entity, "baseUrl"])) ?? "").startsWith("mongodb");
  report.left(found ? ["endpoint"] : (entity ?? ["endpoint"]), found?.text ?? (isMongo ? MONGODB : UNKNOWN));
}

/** Whether a base entity is of plugin-loki. */
export const isLoki = (source: Source, entity: Path): boolean =>
  source.at([...entity, "persistence"]) !== undefined && isSet(source.at([...entity, "dbname"]));

/** Converts plugin-loki: to the connector `memory`. */
export function convertLoki(
  source: Source,
  report: Report,
  { entity, name, shipped }: { entity: Path; name: string; shipped: (path: string) => string },
): Converted {
  if (source.at([...entity, "persistence"]) === true)
    report.left(
      [...entity, "persistence"],
      "The users in Loki's file are not taken over, and the connector memory forgets its own at the end. To keep users, make tables for them and start from postern init sql.",
    );
  report.changed(entity, "Users and groups are in memory (connector memory). There are no predefined test users.");
  const folder = `mappings/${name}`;
  const user = shipped("scim/user.yaml")
    .split("\n")
    .filter((line) => !/^ {2}(meta\.|groups:)/.test(line))
    .join("\n")
    .replace(/^# Users of another.*$/m, "# Users in memory: each SCIM attribute under its own name.");
  const group = mappingText({
    about: "Groups in memory.",
    resource: "Group",
    rows: new Map<string, string | object>([
      ["id", { attr: "id", readOnly: true }],
      ["externalId", "externalId"],
      ["displayName", "displayName"],
      ["members", { attr: "members", ref: "User", many: true }],
    ]) as never,
  });
  return {
    connector: { type: "memory", kinds: { user: { unique: ["userName"] }, group: { unique: ["displayName"] } } },
    files: new Map([
      [`${folder}/user.yaml`, user],
      [`${folder}/group.yaml`, group],
    ]),
    types: { User: `${folder}/user.yaml`, Group: `${folder}/group.yaml` },
  };
}
