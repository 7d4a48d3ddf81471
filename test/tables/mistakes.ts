/**
 * A typical mistake in a configuration or a mapping, and what `check` says of it: for each finding the place, the part of the line that is marked,
 * and the message.
 */
export interface Mistake {
  readonly name: string;
  /** The file that is wrong, and what in it is replaced by what. With `to` alone the file is that text. */
  readonly in: "config" | "mapping" | "types";
  readonly from?: string;
  readonly to: string | Buffer;
  /** The places, the marked parts and the messages; `FOLDER` stands for the configuration's folder. */
  readonly says: readonly string[];
  /** What is said to have been meant. */
  readonly suggests?: string;
  readonly severity?: "warning";
}

/** A configuration that is right. */
export const CONFIG = `server: { port: 8880 }
auth:
  - type: bearer
    tokens: [{ name: entra, token: "\${env:TOKEN}" }]
connectors:
  people:
    type: ldap
    url: ldaps://ldap.example.com
    kinds:
      user: { base: "ou=people,dc=example,dc=com", rdn: uid }
routes:
  /scim/v2:
    User: { connector: people, mapping: user.yaml }
limits:
  pageSize: 100
`;

/** A mapping that is right. */
export const MAPPING = `resource: User
types: own.types.yaml
kind: user
attributes:
  id: { attr: entryUUID, readOnly: true }
  userName: uid
  displayName: displayName
  title: title
  active: { attr: locked, as: { values: { true: open, false: closed } } }
  name.formatted: { read: '$join([givenName, sn], " ")' }
  enterprise:department: department
  enterprise:manager.value: { attr: manager, ref: User }
create:
  objectClass: '["inetOrgPerson"]'
`;

/** A file of types that is right. */
export const TYPES = `schemas:
  - id: urn:example:badge
    name: Badge
    attributes: [{ name: color }]
resourceTypes:
  - name: User
    extensions: [{ schema: urn:example:badge }]
`;

/** The mistakes. */
export const MISTAKES: readonly Mistake[] = [
  // SCIM paths.
  {
    name: "an attribute that is misspelt",
    in: "mapping",
    from: "  displayName:",
    to: "  dispalyName:",
    says: ['user.yaml:7:3 [dispalyName] there is no attribute "dispalyName" in a User, did you mean "displayName"?'],
    suggests: "displayName",
  },
  {
    name: "a sub-attribute that is misspelt",
    in: "mapping",
    from: "name.formatted",
    to: "name.formated",
    says: ['user.yaml:10:3 [name.formated] "name" has no sub-attribute "formated", did you mean "name.formatted"?'],
    suggests: "name.formatted",
  },
  {
    name: "an attribute of the enterprise extension that is misspelt",
    in: "mapping",
    from: "enterprise:department",
    to: "enterprise:departmnt",
    says: [
      'user.yaml:11:3 [enterprise:departmnt] there is no attribute "departmnt" in the schema urn:ietf:params:scim:schemas:extension:enterprise:2.0:User, did you mean "enterprise:department"?',
    ],
    suggests: "enterprise:department",
  },
  {
    name: "a schema that is misspelt",
    in: "mapping",
    from: "enterprise:department",
    to: "enterprize:department",
    says: [
      'user.yaml:11:3 [enterprize:department] a User has no schema "enterprize", did you mean "enterprise:department"?',
    ],
    suggests: "enterprise:department",
  },
  {
    name: "an attribute of no schema",
    in: "mapping",
    from: "  title: title",
    to: "  shoeSize: title",
    says: ['user.yaml:8:3 [shoeSize] there is no attribute "shoeSize" in a User'],
  },
  {
    name: "a sub-attribute in brackets that is misspelt",
    in: "mapping",
    from: "  title: title",
    to: '  emails[typ eq "work"].value: mail',
    says: [
      'user.yaml:8:3 [emails[typ eq "work"].value] "emails" has no sub-attribute "typ", did you mean "emails[type eq "work"].value"?',
    ],
    suggests: 'emails[type eq "work"].value',
  },
  {
    name: "a complex attribute as a whole",
    in: "mapping",
    from: "  title: title",
    to: "  name: cn",
    says: [
      'user.yaml:8:3 [name] "name" is complex: use a sub-attribute, such as name.formatted, name.familyName, name.givenName',
    ],
  },
  {
    name: "a type of address that is misspelt",
    in: "mapping",
    from: "  title: title",
    to: '  emails[type eq "wrok"].value: mail',
    says: [
      'user.yaml:8:3 [emails[type eq "wrok"].value] "wrok" is not a type of emails in the schema, did you mean "work"?',
    ],
    suggests: "work",
    severity: "warning",
  },
  // Names.
  {
    name: "a key of a row that is misspelt",
    in: "mapping",
    from: "readOnly: true",
    to: "readonly: true",
    says: ['user.yaml:5:26 [readonly] unknown key "readonly", did you mean "readOnly"?'],
    suggests: "readOnly",
  },
  {
    name: "a conversion that is misspelt",
    in: "mapping",
    from: "{ attr: locked, as: { values: { true: open, false: closed } } }",
    to: "{ attr: locked, as: bolean }",
    says: ['user.yaml:9:31 [bolean] there is no conversion "bolean", did you mean "boolean"?'],
    suggests: "boolean",
  },
  {
    name: "a form of conversion that is misspelt",
    in: "mapping",
    from: "as: { values:",
    to: "as: { value:",
    says: ['user.yaml:9:33 [value] unknown key "value", did you mean "values"?'],
    suggests: "values",
  },
  {
    name: "a kind that the connector does not have",
    in: "mapping",
    from: "kind: user",
    to: "kind: users",
    says: ['user.yaml:3:7 [users] the connector has no kind "users", did you mean "user"?'],
    suggests: "user",
  },
  {
    name: "a resource type that is misspelt",
    in: "mapping",
    from: "resource: User",
    to: "resource: Usr",
    says: ['user.yaml:1:11 [Usr] there is no resource type "Usr", did you mean "User"?'],
    suggests: "User",
  },
  {
    name: "a type that is referred to and is not there",
    in: "mapping",
    from: "ref: User",
    to: "ref: Usr",
    says: ['user.yaml:12:51 [Usr] there is no resource type "Usr", did you mean "User"?'],
    suggests: "User",
  },
  {
    name: "a connector that is not there",
    in: "config",
    from: "connector: people",
    to: "connector: poeple",
    says: ['gateway.config.yaml:13:24 [poeple] there is no connector "poeple", did you mean "people"?'],
    suggests: "people",
  },
  {
    name: "a type of connector that is not there",
    in: "config",
    from: "type: ldap",
    to: "type: lapd",
    says: ['gateway.config.yaml:7:11 [lapd] there is no type "lapd", did you mean "ldap"?'],
    suggests: "ldap",
  },
  {
    name: "a way to authenticate that is not there",
    in: "config",
    from: "type: bearer",
    to: "type: beaer",
    says: ['gateway.config.yaml:3:11 [beaer] there is no type "beaer", did you mean "bearer"?'],
    suggests: "bearer",
  },
  {
    name: "a setting that is misspelt",
    in: "config",
    from: "pageSize: 100",
    to: "pagesize: 100",
    says: ['gateway.config.yaml:15:3 [pagesize] unknown key "pagesize", did you mean "pageSize"?'],
    suggests: "pageSize",
  },
  {
    name: "a part of the configuration that is misspelt",
    in: "config",
    from: "routes:",
    to: "route:",
    says: ['gateway.config.yaml:11:1 [route] unknown key "route", did you mean "routes"?'],
    suggests: "routes",
  },
  {
    name: "a mapping for another resource type",
    in: "config",
    from: "User: { connector",
    to: "Group: { connector",
    says: ["gateway.config.yaml:13:42 [user.yaml] this mapping is for User, not for Group"],
  },
  {
    name: "safety for a route that is not there",
    in: "config",
    from: "limits:\n  pageSize: 100",
    to: "safety:\n  /scim/v1: { readOnly: true }",
    says: ['gateway.config.yaml:15:3 [/scim/v1] there is no route "/scim/v1", did you mean "/scim/v2"?'],
    suggests: "/scim/v2",
  },
  // Expressions.
  {
    name: "a function that does not exist",
    in: "mapping",
    from: "$join(",
    to: "$jion(",
    says: ["user.yaml:10:28 [$jion] there is no function $jion, did you mean $join?"],
    suggests: "$join",
  },
  {
    name: "texts that are added with +",
    in: "mapping",
    from: `'$join([givenName, sn], " ")'`,
    to: `'givenName + " " + sn'`,
    says: ["user.yaml:10:38 [+] + adds numbers and fails on text: join texts with &"],
    suggests: "&",
  },
  {
    name: "names that are added with +",
    in: "mapping",
    from: `'$join([givenName, sn], " ")'`,
    to: "givenName + sn",
    says: ["user.yaml:10:37 [+] + adds numbers, but this attribute is text: join texts with &"],
    suggests: "&",
    severity: "warning",
  },
  {
    name: "an expression that ends too early",
    in: "mapping",
    from: `'$join([givenName, sn], " ")'`,
    to: "'$join([givenName, sn'",
    says: ['user.yaml:10:47 [n] Expected "]" before end of expression, at character 20'],
  },
  {
    name: "an expression in place of a name",
    in: "mapping",
    from: "  title: title",
    to: '  title: givenName & " " & sn',
    says: [
      'user.yaml:8:10 [givenName & " " & sn] this is an expression, but an attribute name is expected here: for an expression, write { read: ... }; for an attribute of this name, write { attr: ... }',
    ],
  },
  {
    name: "a function in place of a name",
    in: "mapping",
    from: "  title: title",
    to: "  title: $uppercase(title)",
    says: [
      "user.yaml:8:10 [$uppercase(title)] this is an expression, but an attribute name is expected here: for an expression, write { read: ... }; for an attribute of this name, write { attr: ... }",
    ],
  },
  {
    name: "an expression that SCIM asks as if it were a name",
    in: "mapping",
    from: "{ attr: locked, as: { values: { true: open, false: closed } } }",
    to: `{ read: 'status = "A"', search: { active: status } }`,
    says: [
      'user.yaml:9:43 [{ active: status }] a filter on active would ask the backend for status = true, but the expression compares it with "A": it would find nobody, or the wrong entries. Remove "search", or use "as" instead of an expression',
    ],
  },
  {
    name: "$eval",
    in: "mapping",
    from: `'$join([givenName, sn], " ")'`,
    to: "$eval(x)",
    says: ["user.yaml:10:27 [$eval(x)] $eval is not available: expressions cannot be created at run time"],
  },
  {
    name: "a function in create that does not exist",
    in: "mapping",
    from: `'["inetOrgPerson"]'`,
    to: "$upercase(userName)",
    says: ["user.yaml:14:16 [$upercase] there is no function $upercase, did you mean $uppercase?"],
    suggests: "$uppercase",
  },
  // Rows.
  {
    name: "a table of values that is not one to one",
    in: "mapping",
    from: "{ true: open, false: closed }",
    to: "{ true: open, false: open }",
    says: [
      'user.yaml:9:41 [{ true: open, false: open }] "open" stands for both true and false, so an entry with this value cannot be read. Give each its own value, or use an expression',
    ],
  },
  {
    name: "a table of values that is a list",
    in: "mapping",
    from: "{ true: open, false: closed }",
    to: "[open, closed]",
    says: ["user.yaml:9:41 [[open, closed]] this must be a table of names and values, not a list"],
  },
  {
    name: "userName that is only read",
    in: "mapping",
    from: "userName: uid",
    to: "userName: { attr: uid, readOnly: true }\n  nickName: uid",
    says: [
      'user.yaml:6:13 [{ attr: uid, readOnly: true }] a User requires userName, but this mapping only reads it: the value that a client sends is lost. Make the row writable, or set its attribute with "create" or "write"',
    ],
    severity: "warning",
  },
  {
    name: "no row for userName",
    in: "mapping",
    from: "  userName: uid\n",
    to: "",
    says: ['user.yaml:4:1 [attributes] there is no row for "userName", which a User requires'],
  },
  {
    name: "no row for id",
    in: "mapping",
    from: "  id: { attr: entryUUID, readOnly: true }\n",
    to: "",
    says: ['user.yaml:4:1 [attributes] there is no row for "id": map the attribute that holds the immutable key'],
  },
  {
    name: "an attribute that two rows write",
    in: "mapping",
    from: "  title: title",
    to: "  title: displayName",
    says: ['user.yaml:8:10 [displayName] "displayName" is already written by "displayName": make one of them readOnly'],
  },
  {
    name: "a row that is neither an attribute nor an expression",
    in: "mapping",
    from: "  title: title",
    to: "  title: { many: false }",
    says: ['user.yaml:8:10 [{ many: false }] a row has either "attr", or "read" and "write"'],
  },
  {
    name: "a row that is a list",
    in: "mapping",
    from: "  title: title",
    to: "  title: [title]",
    says: [
      "user.yaml:8:10 [[title]] this must be the name of an attribute, or a table such as { attr: mail, readOnly: true }",
    ],
  },
  {
    name: "a home address that is dropped",
    in: "mapping",
    from: "  title: title",
    to: '  emails[type eq "work"].value: mail',
    says: [
      'user.yaml:8:3 [emails[type eq "work"].value] only "work" addresses are stored: a "home" address that a client sends is dropped. Map emails[type eq "home"].value, or set unmapped: reject',
    ],
    severity: "warning",
  },
  {
    name: "an attribute that is there twice, in other letters",
    in: "mapping",
    from: "  title: title",
    to: "  title: title\n  Title: { attr: jobTitle, readOnly: true }",
    says: ['user.yaml:9:3 [Title] "Title" and "title" are the same attribute: keep one of them'],
  },
  // YAML.
  {
    name: "a tab",
    in: "mapping",
    from: "  userName: uid",
    to: "\tuserName: uid",
    says: ["user.yaml:6:1 [\t] this line is indented with a tab: YAML allows only spaces"],
  },
  {
    name: "an expression without quotes",
    in: "mapping",
    from: `'$join([givenName, sn], " ")'`,
    to: `$join([givenName, sn], " ")`,
    says: [
      "user.yaml:10:33 [[givenName,] put this text in quotes, '...', or write it as a block after |: the characters : # [ ] { } , & * have a meaning in YAML",
    ],
  },
  {
    name: "a colon in a text without quotes",
    in: "mapping",
    from: "  title: title",
    to: "  title: $lookup: x",
    says: [
      "user.yaml:8:10 [$lookup: x] put this text in quotes, '...', or write it as a block after |: the characters : # [ ] { } , & * have a meaning in YAML",
    ],
  },
  {
    name: "a quote that is not closed",
    in: "mapping",
    from: `'["inetOrgPerson"]'`,
    to: `'["inetOrgPerson"]`,
    says: ["user.yaml:14:16 ['] this quote, ', is never closed"],
  },
  {
    name: "a brace that is not closed",
    in: "mapping",
    from: "readOnly: true }",
    to: "readOnly: true",
    says: ['user.yaml:5:7 [{] this "{" is never closed'],
  },
  {
    name: "a line that is indented otherwise",
    in: "mapping",
    from: "  title: title",
    to: "   title: title",
    says: [
      "user.yaml:7:16 [displayName] the next line is indented further than this one: only a key without a value can have lines below it",
    ],
  },
  {
    name: "no space after a colon",
    in: "mapping",
    from: "kind: user",
    to: "kind:user",
    says: ['user.yaml:3:1 [kind:user] add a space after the colon: "kind: user"'],
  },
  {
    name: "a name that is there twice",
    in: "mapping",
    from: "  title: title",
    to: "  userName: login",
    says: ['user.yaml:8:3 [userName] the key "userName" is repeated, first used on line 6'],
  },
  {
    name: "a text that begins with @",
    in: "mapping",
    from: "  title: title",
    to: "  title: @title",
    says: ["user.yaml:8:10 [@title] a text that starts with @ must be quoted"],
  },
  { name: "an empty file", in: "mapping", to: "", says: ["user.yaml:1:1 the file is empty"] },
  {
    name: "UTF-16",
    in: "mapping",
    to: Buffer.from("\ufeffresource: User\n", "utf16le"),
    says: ["user.yaml:1:1 this file is in UTF-16: save it as UTF-8"],
  },
  {
    name: "Latin-1",
    in: "mapping",
    to: Buffer.from("resource: User\n# für alle\n", "latin1"),
    says: [
      "user.yaml:2:4 this character is not valid UTF-8: the file looks like Latin-1 or Windows-1252. Save it as UTF-8",
    ],
  },
  // Values.
  {
    name: "text where a number is expected",
    in: "config",
    from: "port: 8880",
    to: "port: http",
    says: ["gateway.config.yaml:1:17 [http] this must be a number, not text"],
  },
  {
    name: "a number that is too large",
    in: "config",
    from: "port: 8880",
    to: "port: 88800",
    says: ["gateway.config.yaml:1:17 [88800] this must be at most 65535"],
  },
  {
    name: "a list in place of settings",
    in: "config",
    from: "limits:\n  pageSize: 100",
    to: "limits: [100]",
    says: ["gateway.config.yaml:14:9 [[100]] this must be a table of names and values, not a list"],
  },
  {
    name: "no tokens",
    in: "config",
    from: `[{ name: entra, token: "\${env:TOKEN}" }]`,
    to: "[]",
    says: ["gateway.config.yaml:4:13 [[]] this list is empty"],
  },
  {
    name: "a secret that is not set",
    in: "config",
    from: "env:TOKEN",
    to: "env:TOKNE",
    says: ['gateway.config.yaml:4:36 ["${env:TOKNE}"] the environment variable TOKNE is not set'],
  },
  {
    name: "an address that is none",
    in: "config",
    from: "ldaps://ldap.example.com",
    to: "ldap.example.com",
    says: ["gateway.config.yaml:8:10 [ldap.example.com] this is not a URL such as ldap://host:389 or ldaps://host:636"],
  },
  {
    name: "a base DN that is none",
    in: "config",
    from: "ou=people,dc=example,dc=com",
    to: "people.example.com",
    says: ['gateway.config.yaml:10:21 ["people.example.com"] this is not a DN such as ou=people,dc=example,dc=com'],
  },
  {
    name: "a setting that is missing",
    in: "config",
    from: ", rdn: uid",
    to: "",
    says: ['gateway.config.yaml:10:7 [user] "rdn" is missing'],
  },
  // Routes.
  {
    name: "a route without a slash before it",
    in: "config",
    from: "  /scim/v2:",
    to: "  scim/v2:",
    says: ['gateway.config.yaml:12:3 [scim/v2] a route starts with a slash: "/scim/v2"'],
  },
  {
    name: "a route with a slash behind it",
    in: "config",
    from: "  /scim/v2:",
    to: "  /scim/v2/:",
    says: ['gateway.config.yaml:12:3 [/scim/v2/] a route does not end with a slash: "/scim/v2"'],
  },
  {
    name: "a route with its host",
    in: "config",
    from: "  /scim/v2:",
    to: "  https://scim.example.com/scim/v2:",
    says: [
      'gateway.config.yaml:12:3 [https://scim.example.com/scim/v2] a route is a path, without the host: "/scim/v2"',
    ],
  },
  {
    name: "a route at the gateway's own address",
    in: "config",
    from: "  /scim/v2:",
    to: "  /healthz:",
    says: [
      "gateway.config.yaml:12:3 [/healthz] /healthz is one of the gateway's own addresses: choose another path, such as /scim/v2",
    ],
  },
  {
    name: "a route within another",
    in: "config",
    from: "limits:",
    to: "  /scim/v2/hr:\n    User: { connector: people, mapping: user.yaml }\nlimits:",
    says: [
      "gateway.config.yaml:14:3 [/scim/v2/hr] this route is inside the route /scim/v2, which handles every path below it: choose paths that do not overlap",
    ],
  },
  {
    name: "an rdn that nothing gives to new entries",
    in: "config",
    from: "rdn: uid",
    to: "rdn: surname",
    says: [
      'gateway.config.yaml:10:57 [surname] "surname" names the entries of user, but FOLDER/user.yaml does not set it for new ones: map it in a row or in `create`, or choose another rdn, such as uid',
    ],
  },
  {
    name: "a filter that is none",
    in: "config",
    from: ", rdn: uid",
    to: ", filter: objectClass=person), rdn: uid",
    says: [
      "gateway.config.yaml:10:60 [objectClass=person)] this is not an LDAP filter such as (objectClass=inetOrgPerson)",
    ],
  },
  {
    name: "tokens without names",
    in: "config",
    from: `[{ name: entra, token: "\${env:TOKEN}" }]`,
    to: `["\${env:TOKEN}"]`,
    says: [
      'gateway.config.yaml:4:14 ["${env:TOKEN}"] this must be a table of names and values, not text, such as { name: ..., token: "${env:NAME}" }',
    ],
  },
  {
    name: "a placeholder without its attribute",
    in: "config",
    from: ", rdn: uid",
    to: ", rdn: uid, placeholder: cn=nobody",
    says: [
      "gateway.config.yaml:10:75 [cn=nobody] this must be a table of names and values, not text, such as { attr: ..., value: ... }",
    ],
  },
  {
    name: "no way to authenticate",
    in: "config",
    from: `auth:\n  - type: bearer\n    tokens: [{ name: entra, token: "\${env:TOKEN}" }]\n`,
    to: "",
    says: [
      'gateway.config.yaml:1:1 "auth" is missing: write auth: [{ type: bearer, tokens: [{ name: ..., token: "${env:NAME}" }] }]',
    ],
  },
  {
    name: "a type of resource that is misspelt under a route",
    in: "config",
    from: "    User: {",
    to: "    Users: {",
    says: ['gateway.config.yaml:13:5 [Users] the mapping is for User, not for "Users", did you mean "User"?'],
    suggests: "User",
  },
  {
    name: "an account of Active Directory that is given no cn",
    in: "config",
    from: `type: ldap
    url: ldaps://ldap.example.com
    kinds:
      user: { base: "ou=people,dc=example,dc=com", rdn: uid }`,
    to: `type: active-directory
    urls: [ldaps://dc1.example.com]
    bind: { dn: svc@example.com, password: "\${env:TOKEN}" }
    kinds:
      user: { base: "ou=people,dc=example,dc=com" }`,
    says: [
      'gateway.config.yaml:11:7 [user] "cn" names the entries of user, but FOLDER/user.yaml does not set it for new ones: map it in a row or in `create`',
    ],
  },
  // Secrets.
  {
    name: "a secret from a variable without env:",
    in: "config",
    from: "${env:TOKEN}",
    to: "${POSTERN_SCIM_TOKEN}",
    says: [
      'gateway.config.yaml:4:36 ["${POSTERN_SCIM_TOKEN}"] `${POSTERN_SCIM_TOKEN}` is not a valid reference: write `${env:POSTERN_SCIM_TOKEN}` or `${file:PATH}`',
    ],
  },
  {
    name: "a secret from a variable as a shell has it",
    in: "config",
    from: "${env:TOKEN}",
    to: "$POSTERN_SCIM_TOKEN",
    says: [
      'gateway.config.yaml:4:36 ["*******************"] `$POSTERN_SCIM_TOKEN` is not a valid reference: write `${env:POSTERN_SCIM_TOKEN}` or `${file:PATH}`',
    ],
  },
  // Files.
  {
    name: "a mapping file that is not there",
    in: "config",
    from: "mapping: user.yaml",
    to: "mapping: users.yaml",
    says: ["gateway.config.yaml:13:41 [users.yaml] no such file: FOLDER/users.yaml"],
  },
  {
    name: "a file of types that is not there",
    in: "mapping",
    from: "types: own.types.yaml",
    to: "types: own.type.yaml",
    says: ["user.yaml:2:8 [own.type.yaml] no such file: FOLDER/own.type.yaml"],
  },
  {
    name: "a certificate that is not there",
    in: "config",
    from: "server: { port: 8880 }",
    to: "server: { port: 8880, tls: { cert: server.pem, key: server.key } }",
    says: [
      "gateway.config.yaml:1:36 [server.pem] FOLDER/server.pem cannot be read: no such file",
      "gateway.config.yaml:1:53 [server.key] FOLDER/server.key cannot be read: no such file",
    ],
  },
  {
    name: "an authority that is not there",
    in: "config",
    from: "    kinds:",
    to: "    tls: { ca: corp-ca.pem }\n    kinds:",
    says: ["gateway.config.yaml:9:16 [corp-ca.pem] FOLDER/corp-ca.pem cannot be read: no such file"],
  },
  {
    name: "a file that holds no certificate",
    in: "config",
    from: "    kinds:",
    to: "    tls: { ca: user.yaml }\n    kinds:",
    says: ["gateway.config.yaml:9:16 [user.yaml] FOLDER/user.yaml contains no certificate in PEM"],
  },
  {
    name: "a network that is none",
    in: "config",
    from: "server: { port: 8880 }",
    to: "server: { trustProxy: [10.0.0.0/64] }",
    says: [
      'gateway.config.yaml:1:23 [[10.0.0.0/64]] "10.0.0.0/64" is not a network: write 192.0.2.0/24, 2001:db8::/32 or an address',
    ],
  },
  {
    name: "an audit log in a folder that is not there",
    in: "config",
    from: "limits:\n  pageSize: 100",
    to: "audit: { type: file, file: nowhere/audit.log }",
    says: ["gateway.config.yaml:14:28 [nowhere/audit.log] FOLDER/nowhere: no such folder"],
  },
  {
    name: "protection by an attribute that is not mapped",
    in: "config",
    from: "limits:\n  pageSize: 100",
    to: `safety:\n  /scim/v2: { protect: { User: { entries: 'nickName eq "x"' } } }`,
    says: [
      'gateway.config.yaml:15:24 [{ User: { entries: \'nickName eq "x"\' } }] "nickName" cannot be read, so it cannot be used for protection.',
    ],
  },
  // Types.
  {
    name: "a schema that is not there",
    in: "types",
    from: "[{ schema: urn:example:badge }]",
    to: "[{ schema: urn:example:bagde }]",
    says: [
      'own.types.yaml:7:28 [urn:example:bagde] there is no schema "urn:example:bagde", did you mean "urn:example:badge"?',
    ],
  },
  {
    name: "a type of attribute that is not there",
    in: "types",
    from: "{ name: color }",
    to: "{ name: color, type: sting }",
    says: ['own.types.yaml:4:39 [sting] this cannot be "sting", did you mean "string"?'],
    suggests: "string",
  },
  {
    name: "an attribute that is there twice",
    in: "types",
    from: "[{ name: color }]",
    to: "[{ name: color }, { name: Color }]",
    says: ['own.types.yaml:4:43 [Color] the attribute "Color" is defined twice'],
  },
];
