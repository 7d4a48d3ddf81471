import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { convertScimgateway } from "./convert.ts";

const directory = (url: string | string[]) => ({
  baseUrls: url,
  username: "cn=postern",
  password: "not-to-be-copied",
  ldap: { userBase: "ou=people", userObjectClasses: ["inetOrgPerson"] },
});
const plugin = (path: string, entity: object, auth: object = {}) => ({
  path,
  text: JSON.stringify({
    scimgateway: { auth },
    endpoint: { entity, map: { user: { uid: { mapTo: "userName", type: "string" } } } },
  }),
});
const convert = (...files: { path: string; text: string }[]) => {
  const { files: written, items } = convertScimgateway(files, () => "resource: User\n");
  const text = written.get("gateway.config.yaml")!;
  return { text, items: JSON.stringify(items), config: parse(text) };
};

describe("names that are the same as names of connectors", () => {
  test("base entities each have a connector and a route, and callers those of their own", () => {
    const { config } = convert(
      plugin(
        "plugin-ldap.json",
        { "Client-A": directory("ldaps://a.example"), client_a: directory("ldaps://b.example") },
        {
          bearerToken: [
            { token: "x", baseEntities: ["Client-A"] },
            { token: "y", baseEntities: ["client_a"] },
          ],
        },
      ),
    );
    const urlAt = (route: string) => config.connectors[config.routes[route].User.connector].url;
    const [one, two] = config.auth[0].tokens.map(({ may }: { may: { routes: string[] } }) => may.routes.map(urlAt));
    expect([one, two]).toEqual([["ldaps://a.example"], ["ldaps://b.example"]]);
  });

  test("files of the same name each have theirs", () => {
    const { config } = convert(
      plugin("a/plugin-ldap.json", { undefined: directory("ldaps://a.example") }, { bearerToken: [{ token: "x" }] }),
      plugin("b/plugin-ldap.json", { undefined: directory("ldaps://b.example") }, { bearerToken: [{ token: "y" }] }),
    );
    expect(config).toMatchObject({
      auth: [{ tokens: [{ may: { routes: ["/ldap/scim/v2"] } }, { may: { routes: ["/ldap-2/scim/v2"] } }] }],
      connectors: { ldap: { url: "ldaps://a.example" }, "ldap-2": { url: "ldaps://b.example" } },
      routes: {
        "/ldap/scim/v2": { User: { connector: "ldap", mapping: "mappings/ldap/user.yaml" } },
        "/ldap-2/scim/v2": { User: { connector: "ldap-2", mapping: "mappings/ldap-2/user.yaml" } },
      },
    });
  });
});
