import { addresses } from "./http.ts";
import { mappingText, type OwnAttribute, type RowText, typesText } from "./mapping-text.ts";
import { scimPath } from "./paths.ts";
import type { Report } from "./report.ts";
import { convertRows, type MapLine, mapLines, type Rows } from "./rows.ts";
import { isSet, type Path, type Source } from "./source.ts";
import type { Converted } from "./target.ts";

interface Given {
  readonly source: Source;
  readonly report: Report;
  /** The base entity's place: `endpoint.entity.undefined`. */
  readonly entity: Path;
  /** Whether the directory is Active Directory. */
  readonly isAd: boolean;
  /** The folder of the mappings. */
  readonly folder: string;
}

type Kind = "user" | "group";

const MANAGER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value";

const OPENLDAP_BOOLEAN = { as: { values: { true: "true", false: "false" } } };

/** Whether a file is of plugin-ldap, for a base entity. */
export const isLdap = (source: Source, entity: Path): boolean => isSet(source.at([...entity, "ldap", "userBase"]));

/** Converts a base entity of plugin-ldap: to the connector `active-directory` or `ldap`, and a mapping for users and one for groups. */
export function convertLdap(source: Source, report: Report, entity: Path, name: string): Converted {
  const lines = mapLines(source, "user");
  const given: Given = {
    source,
    report,
    entity,
    isAd: isActiveDirectory(source, entity, lines),
    folder: `mappings/${name}`,
  };
  const hasGroups =
    isSet(source.at(["endpoint", "map", "group"])) && isSet(source.at([...entity, "ldap", "groupBase"]));
  if (!hasGroups)
    report.changed([...entity, "ldap", "groupBase"], "No groups: there is no groupBase, or no map for groups.");
  const user = kindRows(given, "user", lines, hasGroups);
  const group = hasGroups ? kindRows(given, "group", mapLines(source, "group"), true) : undefined;
  const types = typesText([...user.own, ...(group?.own ?? [])]);
  const text = (kind: Kind, { rows }: Rows, create: Record<string, string>, own: readonly OwnAttribute[]) =>
    mappingText({
      about: `${kind === "user" ? "Users" : "Groups"} as plugin-${source.name}.json mapped them.`,
      resource: kind === "user" ? "User" : "Group",
      types: own.length > 0 ? "types.yaml" : undefined,
      rows,
      create,
      ...(kind === "user" && given.isAd && { write: countryOf(lines) }),
    });
  return {
    connector: {
      ...connection(given),
      kinds: { user: kindSettings(given, "user"), ...(group && { group: kindSettings(given, "group") }) },
    },
    files: new Map([
      [`${given.folder}/user.yaml`, text("user", user, createUser(given, user), user.own)],
      ...(group
        ? [[`${given.folder}/group.yaml`, text("group", group, createGroup(given, group), group.own)] as const]
        : []),
      ...(types === undefined ? [] : [[`${given.folder}/types.yaml`, types] as const]),
    ]),
    types: { User: `${given.folder}/user.yaml`, ...(group && { Group: `${given.folder}/group.yaml` }) },
  };
}

function isActiveDirectory(source: Source, entity: Path, lines: readonly MapLine[]): boolean {
  if (source.at([...entity, "ldap", "isOpenLdap"]) === true) return false;
  const theirs = ["samaccountname", "useraccountcontrol", "unicodepwd", "objectguid", "objectsid"];
  return (
    lines.some(({ attr }) => theirs.includes(attr.toLowerCase())) || classesOf(source, entity, "user").includes("user")
  );
}

const classesOf = (source: Source, entity: Path, kind: Kind): string[] => {
  const classes = source.at([...entity, "ldap", `${kind}ObjectClasses`]);
  return Array.isArray(classes) ? classes.map(String) : [];
};

function connection({ source, report, entity, isAd }: Given): object {
  const place = [...entity, isSet(source.at([...entity, "baseUrls"])) ? "baseUrls" : "baseUrl"];
  const urls = addresses(source, report, place);
  if (isAd || urls.length < 2) report.carried(place, isAd ? `urls: ${urls.join(", ")}` : `url: ${urls[0]}`);
  else
    report.changed(
      place,
      `url: ${urls[0]}. The connector ldap has one address: put a load balancer before the others.`,
    );
  const ca = report.file([...entity, "tls", "ca"], "certs");
  if (urls[0]?.startsWith("ldaps:") && source.at([...entity, "tls", "rejectUnauthorized"]) !== true)
    report.changed(
      [...entity, "tls", "rejectUnauthorized"],
      "Postern always checks the server's certificate and name: give its authority by tls.ca unless the system knows it.",
    );
  const dn = report.text([...entity, "username"]);
  if (dn !== undefined) report.carried([...entity, "username"], `bind.dn: ${dn}`);
  if (isSet(source.at([...entity, "ldap", "isOpenLdap"])))
    report.changed(
      [...entity, "ldap", "isOpenLdap"],
      "Not needed: names are escaped as LDAP says, for every directory.",
    );
  const password = report.secret([...entity, "password"], `${source.name}_PASSWORD`);
  return {
    type: isAd ? "active-directory" : "ldap",
    ...(isAd ? { urls } : { url: urls[0] }),
    ...(dn !== undefined && { bind: { dn, password } }),
    ...(ca !== undefined && { tls: { ca } }),
  };
}

function kindSettings({ source, report, entity, isAd }: Given, kind: Kind): object {
  const ldap = [...entity, "ldap"];
  const base = report.text([...ldap, `${kind}Base`]);
  report.carried([...ldap, `${kind}Base`], `kinds.${kind}.base: ${base}`);
  const classes = classesOf(source, entity, kind);
  report.carried(
    [...ldap, `${kind}ObjectClasses`],
    `kinds.${kind}.filter, and objectClass of new entries: ${classes.join(", ")}`,
  );
  const more = report.text([...ldap, `${kind}Filter`]);
  if (more !== undefined)
    report.carried(
      [...ldap, `${kind}Filter`],
      `kinds.${kind}.filter. An entry that does not meet it is out of reach, by its id, too.`,
    );
  const terms = classes.filter((each) => each.toLowerCase() !== "top").map((each) => `(objectClass=${each})`);
  const parts = [...terms, ...(more === undefined ? [] : [enclosed(more)])].join("");
  const filter = terms.length + (more === undefined ? 0 : 1) > 1 ? `(&${parts})` : parts || "(objectClass=*)";
  const needsMember = classes.some((each) => /^groupOf(Unique)?Names$/i.test(each));
  if (kind === "group" && needsMember)
    report.changed(
      [...ldap, "groupObjectClasses"],
      "A group without members holds the placeholder cn=nobody, which is never shown.",
    );
  const member = mapLines(source, "group").find(({ mapTo }) => mapTo.includes("members.value"))?.attr ?? "member";
  return {
    base,
    filter,
    rdn: namingOf(source, entity, kind).attr,
    ...(isAd && kind === "user" && { withoutPassword: "disable" }),
    ...(!isAd && kind === "group" && needsMember && { placeholder: { attr: member, value: "cn=nobody" } }),
  };
}

/** A filter that may be several side by side: `(a=b)(c=d)`. */
function enclosed(filter: string): string {
  const text = filter.trim();
  return text.startsWith("(") ? text : `(${text})`;
}

interface Naming {
  readonly attr: string;
  readonly mapTo: string;
  readonly place: Path;
}

/** The attribute that names entries, and the SCIM path that its value comes from. */
function namingOf(source: Source, entity: Path, kind: Kind): Naming {
  const ldap = [...entity, "ldap"];
  const place = [...ldap, "namingAttribute", kind, 0];
  const usual = kind === "user" ? "userName" : "displayName";
  const attr = source.at([...place, "attribute"]);
  if (isSet(attr)) return { attr: String(attr), mapTo: String(source.at([...place, "mapTo"]) ?? usual), place };
  const old = [...ldap, `${kind}NamingAttr`];
  return { attr: String(source.at(old) ?? "cn").toLowerCase(), mapTo: usual, place: old };
}

function kindRows(
  { source, report, entity, isAd }: Given,
  kind: Kind,
  lines: readonly MapLine[],
  hasGroups: boolean,
): Rows {
  const type = kind === "user" ? "User" : "Group";
  const key = isAd ? "objectGUID" : "entryUUID";
  const ids = lines.find(({ mapTo }) => mapTo.includes("id"));
  report.changed(
    ids?.path ?? ["endpoint", "map", kind],
    `id: ${key}, not ${ids?.attr === "objectGUID" ? "its base64" : (ids?.attr ?? "dn")}. Ids change, so Entra must match everybody again: docs/guides/migrate-from-scimgateway.md#why-ids-matter.`,
  );
  const special = (line: MapLine, mapTo: string): RowText | null | undefined => {
    const attr = line.attr.toLowerCase();
    if (mapTo === "id") return null;
    if (attr === "dn") {
      report.left(line.path, `${mapTo}: an entry's DN is no attribute that Postern shows.`);
      return null;
    }
    if (mapTo === "groups") return memberOf(report, line, hasGroups);
    if (mapTo === "members") return { attr: line.attr, ref: "User", many: true };
    if (mapTo === MANAGER) return { attr: line.attr, ref: "User" };
    if (mapTo === "password")
      return { attr: line.attr, ...(isAd && attr === "unicodepwd" && { as: "password" }), writeOnly: true };
    if (attr === "useraccountcontrol") return { attr: line.attr, as: { flag: 2, inverted: true } };
    if (attr.startsWith("lastlogon")) {
      report.changed(line.path, `${mapTo}: as 2026-01-31T08:00:00Z, and read only.`);
      return { attr: line.attr, ...(isAd && { as: "fileTime" }), readOnly: true };
    }
    if (isAd && (attr === "objectguid" || attr === "objectsid")) return { attr: line.attr, readOnly: true };
    return undefined;
  };
  const converted = convertRows(renamed(lines), type, report, {
    special,
    boolean: isAd ? undefined : OPENLDAP_BOOLEAN,
  });
  noteMapDomain(source, report, lines);
  const members = lines.find(({ mapTo }) => mapTo.includes("members.value"));
  if (kind === "group" && members)
    report.changed(members.path, "Members that are no users, such as groups, are hidden, and kept by every change.");
  const required = kind === "user" ? "userName" : "displayName";
  const rows = new Map<string, RowText>([
    ["id", { attr: key, ...(isAd && { as: "guid" }), readOnly: true }],
    ...converted.rows,
  ]);
  if (!rows.has(required)) {
    const { attr } = namingOf(source, entity, kind);
    rows.set(required, attr);
    report.changed(["endpoint", "map", kind], `${required} is not mapped, and SCIM requires it: it is ${attr}.`);
  }
  return { ...converted, rows };
}

/** `members.value` and `groups.value` are lists of references, which mappings name by the list. */
const renamed = (lines: readonly MapLine[]): MapLine[] =>
  lines.map((line) => ({
    ...line,
    mapTo: line.mapTo.map((each) =>
      each === "members.value" || each === "groups.value"
        ? each.replace(".value", "")
        : /^(?:manager(?:\.managerId|\.value)?|urn:.*:User[.:]manager(?:\.value|\.managerId)?)$/.test(each)
          ? MANAGER
          : each,
    ),
  }));

function memberOf(report: Report, line: MapLine, hasGroups: boolean): RowText | null {
  if (!hasGroups) {
    report.left(line.path, "groups: there are no groups to refer to.");
    return null;
  }
  return { attr: line.attr, ref: "Group", many: true, readOnly: true };
}

function noteMapDomain(source: Source, report: Report, lines: readonly MapLine[]): void {
  for (const { path, attr } of lines)
    if (isSet(source.at([...path, "mapDomain"])))
      report.left(
        [...path, "mapDomain"],
        `The domain of ${attr} is not replaced. Let Entra send the right one: Replace() in its attribute mapping.`,
      );
}

/** The name of a new entry, where no row gives it. */
function naming({ source, report, entity }: Given, kind: Kind, { sources }: Rows): Record<string, string> {
  const { attr, mapTo, place } = namingOf(source, entity, kind);
  const { expression, name } = scimPath(mapTo, kind === "user" ? "User" : "Group");
  const mapped = sources.get(attr.toLowerCase());
  if (source.at([...entity, "ldap", "allowModifyDN"]) === true || mapped)
    report.changed(
      place,
      `kinds.${kind}.rdn: ${attr}, from ${mapped?.name ?? name}.${mapped ? " A change of it renames the entry." : " It is given once: later changes do not rename the entry."}`,
    );
  else report.carried(place, `kinds.${kind}.rdn: ${attr}, from ${name}`);
  return mapped ? {} : { [attr]: expression };
}

const inJsonata = (value: unknown) => JSON.stringify(value);

function createUser(given: Given, user: Rows): Record<string, string> {
  const { source, report, entity, isAd } = given;
  const has = (attr: string) => user.sources.has(attr.toLowerCase());
  const common = { objectClass: inJsonata(classesOf(source, entity, "user")), ...naming(given, "user", user) };
  if (!isAd || !has("sAMAccountName")) return common;
  const mail = user.sources.get("mail")?.expression;
  const account = user.sources.get("samaccountname")!.expression;
  report.changed(
    [...entity, "ldap", "userObjectClasses"],
    "New accounts with a password are enabled unless the client says active: false; scimgateway enabled them all. Without a password they are disabled, as before.",
  );
  return {
    ...common,
    ...(!has("userPrincipalName") && {
      userPrincipalName: mail === undefined ? account : `$exists(${mail}) ? ${mail} : ${account}`,
    }),
    ...(has("unicodePwd") && { mustChangePassword: "$exists(password)" }),
  };
}

const createGroup = (given: Given, group: Rows): Record<string, string> => ({
  objectClass: inJsonata(classesOf(given.source, given.entity, "group")),
  ...naming(given, "group", group),
});

/** With a country's name, Active Directory is given its codes, too. */
function countryOf(lines: readonly MapLine[]): Record<string, string> {
  const has = (name: string) => lines.some(({ attr }) => attr.toLowerCase() === name);
  const country = lines.find(({ mapTo }) => mapTo.some((each) => /^addresses\.\w+\.country$/.test(each)));
  if (!has("samaccountname") || country?.attr.toLowerCase() !== "co" || has("c") || has("countrycode")) return {};
  const { expression } = scimPath(country.mapTo[0]!, "User");
  return {
    c: `$country(${expression}, "alpha2")`,
    countryCode: `$number($country(${expression}, "numeric"))`,
  };
}
