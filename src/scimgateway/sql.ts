import { mappingText } from "./mapping-text.ts";
import type { Report } from "./report.ts";
import { isSet, type Source } from "./source.ts";
import type { Converted } from "./target.ts";

const CONNECTION = ["endpoint", "connection"];
const OPTIONS = [...CONNECTION, "options"];
const LOGIN = [...CONNECTION, "authentication"];

/** Whether a file is of plugin-mssql. */
export const isSql = (source: Source): boolean => isSet(source.at([...CONNECTION, "server"]));

/** The table and its columns are in plugin-mssql's code, not in its configuration: these are the ones that it comes with. */
const ROWS = new Map<string, string | Readonly<Record<string, unknown>>>([
  ["id", { attr: "UserID", readOnly: true }],
  ["userName", "UserID"],
  ["active", { attr: "Enabled", as: { values: { true: "true", false: "false" } } }],
  ["password", { attr: "Password", writeOnly: true }],
  ["name.givenName", "FirstName"],
  ["name.middleName", "MiddleName"],
  ["name.familyName", "LastName"],
  ['emails[type eq "work"].value', "Email"],
  ['phoneNumbers[type eq "work"].value', "MobilePhone"],
]);

/** Converts plugin-mssql: to the connector `sql`, with the table that the plugin's code has. */
export function convertSql(source: Source, report: Report, name: string): Converted {
  const [host, database, user] = [
    [...CONNECTION, "server"],
    [...OPTIONS, "database"],
    [...LOGIN, "options", "userName"],
  ].map((path) => {
    const value = report.text(path);
    if (value !== undefined) report.carried(path, value);
    return value;
  });
  const port = Number(source.at([...OPTIONS, "port"]));
  if (Number.isInteger(port) && port > 0) report.carried([...OPTIONS, "port"], `port: ${port}`);
  if (isSet(source.at([...OPTIONS, "instanceName"])))
    report.left(
      [...OPTIONS, "instanceName"],
      "Named instances are not looked up: set the port that the instance listens on.",
    );
  const login = source.at([...LOGIN, "type"]);
  if (isSet(login) && login !== "default")
    report.left([...LOGIN, "type"], "Postern signs in to SQL Server by user name and password: make such a login.");
  const encrypts = source.at([...OPTIONS, "encrypt"]) !== false;
  if (!encrypts)
    report.changed(
      [...OPTIONS, "encrypt"],
      "As before the connection is not encrypted: set tls: true as soon as the server can.",
    );
  report.changed(
    CONNECTION,
    "The table User and its columns are those of plugin-mssql as it comes, because they stand in its code. If yours was changed, change mappings and kinds, or draft them: postern init sql --dialect mssql.",
  );
  report.changed(
    CONNECTION,
    "password is written as the client sends it, as before. Hash it: { writeOnly: true, write: { Password: $bcrypt(password) } }.",
  );
  report.left(CONNECTION, "No groups: plugin-mssql has none. To serve them, add a kind for their table and a route.");
  const folder = `mappings/${name}`;
  return {
    connector: {
      type: "sql",
      dialect: "mssql",
      host,
      ...(Number.isInteger(port) && port > 0 && { port }),
      database,
      user,
      password: report.secret([...LOGIN, "options", "password"], `${source.name}_PASSWORD`),
      ...(encrypts && { tls: true }),
      kinds: { user: { table: "User", key: { column: "UserID", type: "text" } } },
    },
    files: new Map([
      [
        `${folder}/user.yaml`,
        mappingText({
          about: "Users as plugin-mssql mapped them. UserID is both the id and the user name: it does not change.",
          resource: "User",
          rows: ROWS,
          create: { Enabled: '"false"' },
        }),
      ],
    ]),
    types: { User: `${folder}/user.yaml` },
  };
}
