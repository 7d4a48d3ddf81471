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

/** docs/reference/conformance.md: each requirement with its test. Throws if a row names a test that does not exist. */
export function conformancePage(): string {
  const requirements = parse(readFileSync(join(root, "test/conformance/requirements.yaml"), "utf8")) as Requirement[];
  const names = testNames();
  const rows = requirements.map(({ at, level, says, test, why, note }) => {
    const held = test === undefined ? undefined : names.find(({ name }) => name.includes(test));
    if (test !== undefined && !held) throw new Error(`${at}: no test has "${test}" in its name`);
    const by = held ? `“${held.name.replace(/^RFC \d+ §[\d.]+: /, "")}”, \`${held.file}\`` : `no test: ${why}`;
    return `| RFC ${at} | ${level} | ${says} | ${by}${note ? ` ${note}` : ""} |`.replaceAll("\n", " ");
  });
  const tested = requirements.filter(({ test }) => test !== undefined).length;
  return `# Conformance to the SCIM RFCs

What RFC 7643, RFC 7644 and RFC 9865 require of a service provider, and the test that proves it. ${tested} of ${requirements.length} rows
have a test; the others say why not. The tests in \`test/suites/\` run on SQLite, PostgreSQL, MariaDB, OpenLDAP and Active Directory.

This page is generated from the tests' own names by \`npm run generate\`, which fails if a row names a test that doesn't exist.

## Where Postern is tolerant

Entra and other common clients deviate from the RFCs. Postern accepts what is harmless, unless the route says \`strict: true\`:

| a client sends | Postern takes it for | with \`strict\` |
| --- | --- | --- |
| a body without \`schemas\`, or with an empty list | the endpoint's type | 400 \`invalidSyntax\` |
| unknown URNs in \`schemas\`, beside the type's own | nothing | 400 \`invalidSyntax\` |
| a PATCH without operations | no change | 400 \`invalidSyntax\` |
| an empty \`filter\` | no filter | 400 \`invalidFilter\` |
| \`"True"\` and \`"False"\` as text, single values in a list of one, numbers as text | what they mean | the same: Entra sends them |
| a date without a time | midnight of that day | the same |
| \`//Users\`, \`/users/\` | \`/Users\` | the same |

[\`profile: interop\`](interop.md) refuses all of these except the last two rows, and more.

Some mistakes get 400 on every route:

- \`schemas\` that name another type
- a boolean where text is expected, and text other than true or false where a boolean is
- an empty text as a required name
- \`replace\` with a selector that finds nothing, unless \`type\` (and \`primary\`) say all that it takes to create the value

## Other suites

| suite | result |
| --- | --- |
| the checks of [\`postern validate\`](validate.md), with the rows of Microsoft's validators, except federated identity, which needs a tenant | pass on every backend (\`test/suites/entra.ts\`) |
| scim-sanity, in its plain and its \`entra\` profile | finds nothing wrong (\`test/probes.test.ts\`). In the \`entra\` profile, a PATCH of a group answers with the group (\`patchResponse: resource\`) and a member who doesn't exist is ignored (\`missing: ignore\`), as in the embedded example |
| scim2-tester | finds nothing wrong on SQLite. On OpenLDAP it finds that inetOrgPerson keeps a name, that an account is active or not, and that the mapping decides which mail is primary |

## Rule by rule

| where | level | requirement | test |
| --- | --- | --- | --- |
${rows.join("\n")}
`;
}
