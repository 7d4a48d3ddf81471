import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ROOT, startBefore } from "../servers/gateway.ts";
import { startParse } from "../servers/parse.ts";
import { lifecycleSuite } from "../suites/lifecycle.ts";

lifecycleSuite("Parse Server", async () => {
  const server = await startParse();
  const file = join(ROOT, "examples/parse-server/gateway.config.yaml");
  const { connectors } = parse(readFileSync(file, "utf8"), { merge: true });
  const auth = { type: "apiKey", headers: { "X-Parse-Application-Id": "people", "X-Parse-Master-Key": server.key } };
  const mapping = (name: string) => ({ connector: "parse", mapping: join(ROOT, `mappings/parse-server/${name}.yaml`) });
  const gateway = await startBefore(server, {
    connectors: { parse: { ...connectors.parse, url: server.url, auth } },
    routes: { "/scim/v2": { User: mapping("user"), Group: mapping("group") } },
  });
  return { gateway };
});
