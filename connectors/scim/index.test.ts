import { send } from "../../test/clients/replay.ts";
import { gadgets, legacyHr, startGateway } from "../../test/servers/gateway.ts";
import { lent } from "../../test/servers/lent.ts";
import { startScim11 } from "../../test/servers/scim11.ts";
import { type Contract, testConnector } from "../../test/suites/contract.ts";
import scim from "./index.ts";

const listValues = ["one", "Two", "a b", "é", "x/y", '"q"', "*)(", "'; drop"];
const opened = (settings: object, stop: () => Promise<void>): Awaited<ReturnType<Contract["open"]>> => {
  const again = () => scim.open(scim.config.parse(settings), lent("/"));
  const connector = again();
  return { connector, again, close: () => connector.close().then(stop) };
};

for (const more of [{}, { patch: false, projection: false, filter: { operators: ["eq"], logic: ["and"] } }]) {
  testConnector({
    name: `gadgets of a SCIM server, ${JSON.stringify(more)}`,
    open: async () => {
      const gateway = await startGateway(gadgets());
      const schema = "urn:example:params:scim:schemas:core:2.0:Gadget";
      const kinds = { gadget: { endpoint: "/Gadgets", schema, caseExact: ["id", "serial"] } };
      const auth = { type: "bearer", token: gateway.token };
      return opened({ url: gateway.base, auth, pageSize: 9, kinds, ...more }, gateway.stop);
    },
    kind: "gadget",
    seed: (n) => ({ serial: `serial${n}` }),
    unique: "serial",
    texts: ["label", "size.unit"],
    lists: ["tags"],
    listValues,
    absentKey: "4711",
    runs: 60,
  });
}

for (const patch of [false, true]) {
  testConnector({
    name: `users of SCIM 1.1, ${patch ? "with" : "without"} PATCH`,
    open: async () => {
      const gateway = await startGateway(legacyHr());
      for (const { id } of (await send(gateway, "GET", "/Users")).json.Resources)
        await send(gateway, "DELETE", `/Users/${id}`);
      const server = await startScim11(gateway);
      const kinds = { user: { endpoint: "/Users" } };
      return opened({ version: "1.1", patch, url: server.url, pageSize: 9, kinds }, server.stop);
    },
    kind: "user",
    seed: (n) => ({ userName: `user${n}` }),
    unique: "userName",
    texts: ["title", "name.givenName", 'emails[type eq "work"].value', "enterprise:department"],
    lists: [],
    absentKey: "4711",
    runs: 60,
  });
}
