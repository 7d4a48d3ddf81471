import { connectionOf } from "./http.ts";
import type { Report } from "./report.ts";
import type { Path, Source } from "./source.ts";
import type { Converted } from "./target.ts";

/** Converts a base entity of plugin-scim: to the connector `scim`, with the shipped mappings. */
export function convertScim(
  source: Source,
  report: Report,
  { entity, name, shipped }: { entity: Path; name: string; shipped: (path: string) => string },
): Converted {
  const place = [...entity, "scimVersion"];
  const isOld = String(source.at(place) ?? "2.0").startsWith("1");
  if (source.at(place) !== undefined) report.carried(place, `version: ${isOld ? "1.1" : "2.0"}`);
  report.changed(
    entity,
    `Attributes pass through as mappings/${name}/user.yaml lists them: add a row for each one of the server's own. Ids are the server's, as before.`,
  );
  const folder = `mappings/${name}`;
  return {
    connector: {
      type: "scim",
      ...connectionOf(source, report, entity),
      ...(isOld && { version: "1.1" }),
      kinds: { user: { endpoint: "/Users" }, group: { endpoint: "/Groups" } },
    },
    files: new Map([
      [`${folder}/user.yaml`, shipped("scim/user.yaml")],
      [`${folder}/group.yaml`, shipped("scim/group.yaml")],
    ]),
    types: { User: `${folder}/user.yaml`, Group: `${folder}/group.yaml` },
  };
}
