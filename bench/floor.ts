// The floor of a measurement: a bare Hono handler that makes the same LDAP call with the same driver and answers JSON.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { Attribute, Change, Client, EqualityFilter } from "ldapts";
import { PostReadControl } from "../connectors/ldap/controls.ts";

const [url, dn, password, people, groups] = process.argv.slice(2) as [string, string, string, string, string];
const clients = await Promise.all(
  Array.from({ length: 4 }, async () => {
    const client = new Client({ url });
    await client.bind(dn, password);
    return client;
  }),
);
let turn = 0;
const next = () => clients[turn++ % clients.length]!;
const attributes =
  "entryUUID businessCategory uid cn sn givenName displayName title preferredLanguage pwdAccountLockedTime mail telephoneNumber mobile employeeNumber departmentNumber manager memberOf createTimestamp modifyTimestamp entryCSN".split(
    " ",
  );

const app = new Hono();
app.get("/get/:id", async (c) => {
  const filter = new EqualityFilter({ attribute: "entryUUID", value: c.req.param("id") });
  return c.json((await next().search(people, { filter, attributes })).searchEntries[0]);
});
app.get("/filter", async (c) => {
  const filter = new EqualityFilter({ attribute: "uid", value: c.req.query("uid")! });
  return c.json((await next().search(people, { filter, attributes })).searchEntries);
});
app.get("/list", async (c) => c.json((await next().search(people, { sizeLimit: 100, attributes })).searchEntries));
app.post("/create", async (c) => {
  const { uid } = await c.req.json();
  await next().add(`uid=${uid},${people}`, { objectClass: ["inetOrgPerson"], uid, cn: uid, sn: uid, displayName: uid });
  return c.json({ uid }, 201);
});
/** As the gateway changes an entry: it is looked for, and comes back with the change. */
async function change(base: string, id: string, modification: Change) {
  const filter = new EqualityFilter({ attribute: "entryUUID", value: id });
  const [found] = (await next().search(base, { filter, attributes: ["1.1"] })).searchEntries;
  const after = new PostReadControl(attributes);
  await next().modify(found!.dn, modification, after);
  return after.entry;
}
app.patch("/patch/:id", async (c) => {
  const { title } = await c.req.json();
  const modification = new Attribute({ type: "title", values: [title] });
  return c.json(await change(people, c.req.param("id"), new Change({ operation: "replace", modification })));
});
app.patch("/member/:id", async (c) => {
  const { uid } = await c.req.json();
  const filter = new EqualityFilter({ attribute: "entryUUID", value: uid });
  const [member] = (await next().search(people, { filter, attributes: ["1.1"] })).searchEntries;
  const modification = new Attribute({ type: "member", values: [member!.dn] });
  const done = await change(groups, c.req.param("id"), new Change({ operation: "add", modification })).catch(
    (error) => error.code,
  );
  return c.json({ done });
});
const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, (address) =>
  process.send?.({ port: address.port }),
);
process.on("disconnect", () => {
  server.close();
  process.exit();
});
