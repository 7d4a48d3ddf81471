import type { Initial } from "../../../src/connector/connector.ts";

/** A configuration for an API that has no OpenAPI document, to be filled in. It passes `check` as it is. */
export function skeleton(url = "https://people.example.com/api/v2"): Initial {
  return {
    files: new Map([
      ["gateway.config.yaml", configuration(url)],
      ["mappings/rest/user.yaml", mapping],
    ]),
    notes: [
      "A skeleton: put the API's own paths and parameters in place of these. docs/guides/rest.md explains each call.",
      "With an OpenAPI document the calls are drafted: postern init rest openapi.yaml",
    ],
  };
}

const configuration = (url: string) => `# yaml-language-server: $schema=./schemas/gateway.schema.json
# Written by \`postern init rest\`: a skeleton to fill in. docs/guides/rest.md explains each call.
server: { port: 8880 }                # reached from this machine only, until TLS is set: docs/guides/tls.md
auth:
  - type: bearer
    tokens: [{ name: entra, token: "\${env:SCIM_TOKEN}" }]
connectors:
  api:
    type: rest
    url: ${JSON.stringify(url)}
    # Or: basic, apiKey, clientCredentials (OAuth 2.0), jwt, login, none.
    auth: { type: bearer, token: "\${env:API_TOKEN}" }
    kinds:
      user:
        key: id                       # the property that identifies a user, and never changes
        get: { path: "/users/{$key}" }
        search:
          path: /users
          # How pages are asked for: $page, or $offset, or $cursor with page.next. $where is what is filtered by.
          query: { per_page: $limit, page: $page, where: $where }
          page: { by: number, size: 100 }
          items: data                 # where the list is in the answer; $ if the answer is the list
          total: meta.total           # where the total is; leave it out if there is none
        create: { method: POST, path: /users, body: $ }
        update: { method: PATCH, path: "/users/{$key}", body: $changed }
        delete: { method: DELETE, path: "/users/{$key}" }
        attributes:
          # Entra looks users up by userName: say how the API finds one. exact: false if it may find more.
          username: { filter: { eq: { to: '{ "username": $value }', exact: false } } }
    # What a failure means that the status does not say:
    # failures:
    #   - { when: '$status = 400 and code = "email_taken"', is: conflict, attribute: email }
routes:
  /scim/v2:
    User: { connector: api, mapping: mappings/rest/user.yaml }
`;

const mapping = `# yaml-language-server: $schema=../../schemas/mapping.schema.json
# Written by \`postern init rest\`: a skeleton. Left is SCIM, right the API's property; a.b is b within a.
resource: User
kind: user
attributes:
  id: { attr: id, readOnly: true }
  userName: username
  name.givenName: first_name
  name.familyName: last_name
  active: enabled                     # { attr: disabled, as: { values: { true: false, false: true } } } for the opposite
  # postern-accept dropped-values: the API keeps one mail address.
  emails[type eq "work"].value: email
`;
