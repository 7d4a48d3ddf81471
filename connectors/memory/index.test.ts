import { lent } from "../../test/servers/lent.ts";
import { testConnector } from "../../test/suites/contract.ts";
import memory from "./index.ts";

testConnector({
  open: async () => {
    const config = memory.config.parse({ kinds: { person: { unique: ["login"] } } });
    const connector = memory.open(config, lent("."));
    return { connector, close: connector.close };
  },
  kind: "person",
  seed: (n) => ({ login: `login${n}` }),
  unique: "login",
  texts: ["title", "city"],
  lists: ["tags"],
  absentKey: "00000000-0000-4000-8000-000000000000",
});
