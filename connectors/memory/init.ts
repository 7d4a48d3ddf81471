import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Initial, InitRequest } from "../../src/connector/connector.ts";

const configuration = `# yaml-language-server: $schema=./schemas/gateway.schema.json
# Written by \`postern init memory\`. Users and groups are gone when the process ends: this is for trying out clients and mappings.
server: { port: 8880 }
auth:
  - type: bearer
    tokens: [{ name: trial, token: "\${env:SCIM_TOKEN}" }]
connectors:
  memory:
    type: memory
    kinds:
      user: { unique: [userName] }
      group: { unique: [displayName] }
routes:
  /scim/v2:
    User: { connector: memory, mapping: mappings/memory/user.yaml }
    Group: { connector: memory, mapping: mappings/memory/group.yaml }
`;

const groupMapping = `# yaml-language-server: $schema=../../schemas/mapping.schema.json
# Groups in memory.
resource: Group
kind: group
attributes:
  id: { attr: id, readOnly: true }
  externalId: externalId
  displayName: displayName
  members: { attr: members, ref: User, many: true }
`;

/** Writes a configuration that keeps users and groups in memory, with the attributes of SCIM as they are. */
export async function init({ mappings }: InitRequest): Promise<Initial> {
  return {
    files: new Map([
      ["gateway.config.yaml", configuration],
      ["mappings/memory/user.yaml", userMapping(readFileSync(join(mappings, "scim/user.yaml"), "utf8"))],
      ["mappings/memory/group.yaml", groupMapping],
    ]),
    notes: ["Nothing outlives the process: use this to try out clients and mappings."],
  };
}

/** The mapping for other SCIM servers without what a server keeps by itself. */
function userMapping(scim: string): string {
  const rows = scim.split("\n").filter((line) => !/^ {2}(meta\.|groups:)|^#/.test(line));
  return `# yaml-language-server: $schema=../../schemas/mapping.schema.json
# Users in memory: each SCIM attribute under its own name.
${rows.join("\n")}`;
}
