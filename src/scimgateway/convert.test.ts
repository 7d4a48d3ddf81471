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

describe("addresses", () => {
  const scim = (baseUrl: string, proxy?: string) =>
    plugin("plugin-scim.json", {
      undefined: { scimVersion: "2.0", connection: { baseUrls: [baseUrl], ...(proxy && { proxy: { host: proxy } }) } },
    });

  test.each([
    ["of an API", scim("https://user:S3CRET@api.example/scim")],
    ["of a proxy", scim("https://api.example/scim", "http://user:S3CRET@proxy.example:3128")],
    ["of a directory", plugin("plugin-ldap.json", { undefined: directory("ldaps://user:S3CRET@dc.example") })],
  ])("%s are taken over without a password in them", (_, file) => {
    const { text, items } = convert(file);
    expect(text + items).not.toContain("S3CRET");
    expect(items).toContain("without the user and the password");
  });

  test("one in the environment is a reference to it", () => {
    expect(convert(scim("process.env.API_URL")).config.connectors.scim.url).toBe("$" + "{env:API_URL}");
    const { config } = convert(plugin("plugin-ldap.json", { undefined: directory("process.env.LDAP_URL") }));
    expect(config.connectors.ldap.url).toBe("$" + "{env:LDAP_URL}");
  });

  test("one that Postern would take for a reference is left out and told", () => {
    const { text, items } = convert(scim("https://api.example/$" + "{env:HOME}"));
    expect(text).not.toContain("env:HOME");
    expect(items).toContain("takes for a reference");
  });
});
