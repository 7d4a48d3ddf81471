import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

const root = join(import.meta.dirname, "..");

interface Requirement {
  readonly at: string;
  readonly level: string;
  readonly says: string;
  /** A part of the name of the test that holds it. */
  readonly test?: string;
  /** Why there is no such test. */
  readonly why?: string;
  /** What is different, where it is held in part. */
  readonly note?: string;
}

/** The names of all tests, with their files, as the sources have them. */
function testNames(): { name: string; file: string }[] {
  const files = globSync(["src/**/*.test.ts", "test/**/*.ts"], { cwd: root }).sort();
  const named = files.flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8");
    const calls = text.matchAll(/(?:\btest|\]\)|\)\))\(\s*(["'`])((?:\\.|(?!\1).)*)\1/g);
    return [...calls].map(([, , name]) => ({ name: name!, file }));
  });
  const table = "test/tables/patch.yaml";
  const cases = parse(readFileSync(join(root, table), "utf8")) as { name: string }[];
  return [...named, ...cases.map(({ name }) => ({ name: `RFC 7644 §3.5.2: ${name}`, file: table }))];
}

/** docs/reference/conformance.md: each requirement with the test that holds it. Throws for one that names a test that is not there. */
export function conformancePage(): string {
  const requirements = parse(readFileSync(join(root, "test/conformance/requirements.yaml"), "utf8")) as Requirement[];
  const names = testNames();
  const rows = requirements.map(({ at, level, says, test, why, note }) => {
    const held = test === undefined ? undefined : names.find(({ name }) => name.includes(test));
    if (test !== undefined && !held) throw new Error(`${at}: no test's name has "${test}" in it`);
    const by = held ? `“${held.name.replace(/^RFC \d+ §[\d.]+: /, "")}”, \`${held.file}\`` : `not by a test: ${why}`;
    return `| RFC ${at} | ${level} | ${says} | ${by}${note ? ` ${note}` : ""} |`.replaceAll("\n", " ");
  });
  const tested = requirements.filter(({ test }) => test !== undefined).length;
  return `# What of the RFCs is held, and by which test

What RFC 7643, RFC 7644 and RFC 9865 ask of a service provider, and the test that holds it: ${tested} of ${requirements.length} rows
have one, the others say why not. The tests of \`test/suites/\` run on SQLite, PostgreSQL, MariaDB, OpenLDAP and
Active Directory. This page is made from the
tests' own names by \`npm run generate\`, which fails where a row names a test that is not there.

## Where clients are let off

Entra, and other clients that people use, do not keep to the letter; what is harmless is taken, unless the route says \`strict: true\`:

| what comes | is taken for | with \`strict\` |
| --- | --- | --- |
| a body without \`schemas\`, or with an empty list | one of the type | 400 invalidSyntax |
| URNs in \`schemas\` that nothing here knows, beside the type's own | nothing | 400 invalidSyntax |
| a PATCH without an operation | no change | 400 invalidSyntax |
| an empty \`filter\` | none | 400 invalidFilter |
| \`"True"\` and \`"False"\` as text, values in a list of one, numbers as text | what they mean | the same: Entra sends them |
| a date without a time | its midnight | the same |
| \`//Users\`, \`/users/\` | \`/Users\` | the same |

[\`profile: interop\`](interop.md) refuses all of these, the last two rows aside, and more.

A body whose \`schemas\` say that it is something else is 400 on every route, and so is \`true\` as text, an empty text as a name, and a replace of what its selector does not find, unless
\`type\` (and \`primary\`) say all that it takes to make it.

Beside these, \`test/suites/entra.ts\` runs the checks of \`postern validate\` ([validate.md](validate.md)) on every backend: the rows of
Microsoft's validators among them (not federated identity, which needs a tenant). And \`test/probes.test.ts\` runs two suites that others wrote. scim-sanity finds nothing wrong in
its plain and its \`entra\` profile, where a PATCH of a group answers the group (\`patchResponse: resource\`) and a member that
does not exist is passed over (\`missing: ignore\`), as in the embedded default. scim2-tester finds nothing wrong on SQLite; on
OpenLDAP it finds that inetOrgPerson keeps a name, that an account is active or not, and that the mapping says which mail is primary.

| where | | what | held by |
| --- | --- | --- | --- |
${rows.join("\n")}
`;
}
