import { typedPath } from "../scim/path.ts";
import { builtInTypes, ENTERPRISE_USER, type ResourceType } from "../scim/schema.ts";

/** The schema of attributes that scimgateway puts beside SCIM's own, and SCIM has no place for. */
export const OWN = "urn:postern:params:scim:schemas:extension:scimgateway:2.0:";

/** A path of scimgateway's, `emails.work.value`, as Postern writes it. */
export interface ScimPath {
  /** As a mapping names it: `emails[type eq "work"].value`. */
  readonly name: string;
  /** In JSONata over the resource: `emails[type = "work"].value`. */
  readonly expression: string;
  /** The attribute's name in a schema of its own, if SCIM does not have it. */
  readonly own?: string;
  readonly schema?: string;
}

/** Lists whose elements scimgateway keeps by their type. */
const TYPED = ["emails", "phoneNumbers", "addresses", "entitlements", "ims", "photos", "x509Certificates", "roles"];

/** Reads a path that a map names in `mapTo`. */
export function scimPath(mapTo: string, type: "User" | "Group"): ScimPath {
  const resource = builtInTypes.find(({ name }) => name === type)!;
  const urn = /^(urn:.*?:(?:User|Group))[.:](.+)$/.exec(mapTo);
  if (urn) {
    const isEnterprise = urn[1]!.toLowerCase() === ENTERPRISE_USER.toLowerCase();
    if (!isEnterprise || exists(`${ENTERPRISE_USER}:${urn[2]}`, resource)) return inSchema(urn[1]!, urn[2]!);
    return inSchema(`${OWN}${type}`, urn[2]!);
  }
  const [list = "", element = "", ...rest] = mapTo.split(".");
  if (TYPED.includes(list) && rest.length > 0 && /^[\w-]+$/.test(element) && element !== "undefined") {
    const [sub] = rest;
    const found = { name: `${list}[type eq "${element}"].${sub}`, expression: `${list}[type = "${element}"].${sub}` };
    if (exists(found.name, resource)) return found;
  }
  if (exists(mapTo, resource)) return { name: mapTo, expression: mapTo };
  return inSchema(`${OWN}${type}`, mapTo);
}

function inSchema(urn: string, attribute: string): ScimPath {
  if (urn.toLowerCase() === ENTERPRISE_USER.toLowerCase())
    return { name: `enterprise:${attribute}`, expression: `$enterprise.${attribute}` };
  const own = attribute
    .replace(/\.value$/, "")
    .replace(/[^A-Za-z0-9]+(\w)/g, (_, letter: string) => letter.toUpperCase())
    .replace(/\W/g, "");
  return { name: `${urn}:${own}`, expression: `\`${urn}\`.${own}`, own, schema: urn };
}

/** Whether SCIM's own schemas have a path. */
function exists(path: string, type: ResourceType): boolean {
  try {
    return typedPath(path, type) !== undefined;
  } catch {
    return false;
  }
}
