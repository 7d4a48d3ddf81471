import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { freePort } from "../../test/servers/ports.ts";
import { StartError } from "../compose/routes.ts";
import { type EndpointOptions, openEndpoint, type ScimEndpoint } from "./scim-endpoint.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-endpoint-"));
afterAll(() => rmSync(folder, { recursive: true }));
const fileOf = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
async function serve(handler: Handler): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closing.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
function open(options: Partial<EndpointOptions> & { url: string }, env = {}): ScimEndpoint {
  const endpoint = openEndpoint({ timeout: 5, ...options }, env);
  closing.unshift(endpoint.close);
  return endpoint;
}
const encoded = (text: string) => Buffer.from(text).toString("base64");
const echo: Handler = ({ method, url, headers }, response) =>
  // In base 64: endpoints that repeat a token have it taken out of their answers.
  response.end(
    JSON.stringify({
      method,
      url,
      ...(headers.authorization && { authorization: Buffer.from(headers.authorization).toString("base64") }),
    }),
  );

describe("a SCIM endpoint on the command line", () => {
  test("the base URL's path and query go with every request", async () => {
    const { send } = open({ url: `${await serve(echo)}/scim/?aadOptscim062020` });
    expect(await send("GET", '/Users?filter=userName eq "a"')).toMatchObject({
      status: 200,
      json: { url: "/scim/Users?filter=userName%20eq%20%22a%22&aadOptscim062020" },
    });
    expect(await send("GET", "/Schemas")).toMatchObject({ json: { url: "/scim/Schemas?aadOptscim062020" } });
  });

  test("the token comes from an option, a file or the environment", async () => {
    const url = await serve(echo);
    const sent = async (options: object, env = {}) => (await open({ url, ...options }, env).send("GET", "/")) as object;
    const bearer = (token: string) => ({ json: { authorization: encoded(`Bearer ${token}`) } });
    expect(await sent({ token: "one" }, { POSTERN_TOKEN: "env" })).toMatchObject(bearer("one"));
    expect(await sent({ tokenFile: fileOf("token", "two\n") })).toMatchObject(bearer("two"));
    expect(await sent({}, { POSTERN_TOKEN: "three" })).toMatchObject(bearer("three"));
    expect(await sent({})).not.toHaveProperty("json.authorization");
    expect(await open({ url, token: "x" }).send("GET", "/", undefined, { anonymous: true })).not.toHaveProperty(
      "json.authorization",
    );
  });

  test("an endpoint that repeats the token in its answer does not bring it into reports", async () => {
    const url = await serve((request, response) =>
      response.end(JSON.stringify({ detail: request.headers.authorization })),
    );
    expect(await open({ url, token: "hush-hush" }).send("GET", "/")).toMatchObject({
      json: { detail: "Bearer (token)" },
    });
  });

  const TOKEN = "abc/def&ghi+jkl=0123456789";
  const repeats: Readonly<Record<string, (said: string) => string>> = {
    JSON: (said) => JSON.stringify({ detail: said }),
    "JSON with escaped slashes": (said) => JSON.stringify({ detail: said }).replaceAll("/", "\\/"),
    "JSON for HTML": (said) => JSON.stringify({ [said]: [said] }).replaceAll("&", "\\u0026"),
    "JSON with every character escaped": (said) =>
      `["${[...said].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")}"]`,
    "JSON in JSON": (said) => JSON.stringify({ detail: JSON.stringify({ said }).replaceAll("/", "\\/") }),
    "a URL": (said) => JSON.stringify({ next: `https://x/?t=${encodeURIComponent(said)}` }),
    "a URL in a URL": (said) => encodeURIComponent(encodeURIComponent(said)),
    "a URL in lower case": (said) => encodeURIComponent(said).toLowerCase(),
    HTML: (said) => `<p>${said.replaceAll("&", "&amp;").replaceAll("/", "&#x2F;")}</p>`,
  };
  test.each(Object.entries(repeats))("no secret comes back in an answer: %s", async (_, form) => {
    const url = await serve((request, response) => {
      const key = new URL(request.url!, "http://x").searchParams.get("code");
      response.end(form(`${request.headers.authorization} ${key}`));
    });
    const { send } = open({ url: `${url}?code=${encodeURIComponent("k/e=y+MNOPQ")}`, token: TOKEN });
    const answer = JSON.stringify(await send("GET", "/"));
    expect(answer).toContain("(token)");
    expect(answer).toContain("(secret)");
    for (const part of ["ghi", "mnopq"]) expect(answer.toLowerCase()).not.toContain(part);
  });

  test("no secret comes back in headers, nor in the reason of a failure", async () => {
    const url = await serve((request, response) =>
      response.writeHead(400, { "content-type": `x/${TOKEN}`, location: request.url! }).end(),
    );
    const answer = await open({ url: `${url}/?code=k7E-key-of-functions`, token: TOKEN }).send("GET", "/");
    expect(answer).toMatchObject({ headers: { "content-type": "x/(token)", location: "/?code=(secret)" } });
    const failed = await open({ url, token: "no-header\nhas-lines" }).send("GET", "/");
    expect(failed).toHaveProperty("failure");
    expect(JSON.stringify(failed)).not.toContain("has-lines");
  });

  test("words, versions and Entra's flag in the query are no secrets: answers have them as they are", async () => {
    const query = "aadOptscim062020&view=displayName&api-version=2024-01-01-preview";
    const { send } = open({ url: `${await serve(echo)}/?${query}` });
    expect(await send("GET", "/Users")).toMatchObject({ json: { url: `/Users?${query}` } });
  });

  test("JSON that is nested deeper than the stack is an answer like any other", async () => {
    const deep = `["\\/",${"[".repeat(50_000)}${"]".repeat(50_000)}]`;
    const url = await serve((_, response) => response.end(deep));
    expect(await open({ url, token: TOKEN }).send("GET", "/")).toMatchObject({ status: 200, text: deep });
  });

  test("a token endpoint is asked once, with the client's credentials in the header", async () => {
    const asked: string[] = [];
    const tokenUrl = await serve((request, response) => {
      asked.push(String(request.headers.authorization));
      response.end(JSON.stringify({ access_token: "fresh", expires_in: 3600 }));
    });
    const options = { tokenUrl, clientId: "me", clientSecretFile: fileOf("secret", "s:cret") };
    const { send } = open({ url: await serve(echo), ...options });
    for (let n = 0; n < 2; n++)
      expect(await send("GET", "/")).toMatchObject({ json: { authorization: encoded("Bearer fresh") } });
    expect(asked).toEqual([`Basic ${Buffer.from("me:s%3Acret").toString("base64")}`]);
  });

  test("a refused token is a failure that says so, without the secret", async () => {
    const tokenUrl = await serve((_, response) => response.writeHead(401).end('{"error":"invalid_client"}'));
    const options = { tokenUrl, clientId: "me", clientSecretFile: fileOf("secret", "hush-hush") };
    const answer = await open({ url: await serve(echo), ...options }).send("GET", "/");
    expect(answer).toMatchObject({ failure: expect.stringContaining("status 401 (invalid_client)") });
    expect(JSON.stringify(answer)).not.toContain("hush");
  });

  test("redirects are followed on the same origin only, and credentials never leave it", async () => {
    const elsewhere = await serve(echo);
    const url = await serve((request, response) => {
      const to = { "/near": "/there", "/far": `${elsewhere}/there`, "/loop": "/loop" }[request.url ?? ""];
      to ? response.writeHead(307, { location: to }).end() : echo(request, response);
    });
    const { send } = open({ url, token: "t" });
    expect(await send("POST", "/near", {})).toMatchObject({ status: 200, json: { method: "POST", url: "/there" } });
    expect(await send("GET", "/far")).toMatchObject({ status: 307 });
    expect(await send("GET", "/loop")).toMatchObject({ status: 307 });
    expect(await send("GET", `${elsewhere}/x`)).not.toHaveProperty("json.authorization");
  });

  test("no answer, a late one and one too large are failures with a reason", async () => {
    expect(await open({ url: `http://127.0.0.1:${await freePort()}` }).send("GET", "/")).toMatchObject({
      failure: "No answer: ECONNREFUSED.",
    });
    const slow = open({ url: await serve(() => {}), timeout: 0.1 });
    expect(await slow.send("GET", "/")).toMatchObject({ failure: "No answer within 0.1 seconds." });
    const large = open({ url: await serve((_, response) => response.end(Buffer.alloc(33 * 1024 * 1024, " "))) });
    expect(await large.send("GET", "/")).toMatchObject({ failure: expect.stringContaining("is larger than") });
  });

  test.each([
    [{ url: "scim.example.com" }, /not the URL of a SCIM endpoint/],
    [{ url: "https://a:b@scim.example.com" }, /must not hold credentials/],
    [{ url: "https://x", token: "t", tokenFile: "f" }, /--token and --token-file exclude each other/],
    [{ url: "https://x", tokenUrl: "https://y" }, /needs --client-id and --client-secret-file/],
    [{ url: "https://x", tokenFile: "/no/such/file" }, /--token-file: .* cannot be read/],
    [{ url: "https://x", ca: "/no/such/file" }, /--ca: .* cannot be read/],
  ])("%o is refused before anything is sent", (options, message) => {
    const opening = () => openEndpoint({ timeout: 5, ...options }, {});
    expect(opening).toThrow(StartError);
    expect(opening).toThrow(message);
  });
});
