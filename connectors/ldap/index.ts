import { z } from "zod";
import { defineConnector } from "../../src/connector/connector.ts";
export default defineConnector({
  type: "ldap",
  summary: "",
  config: z.strictObject({}),
  example: "",
  open: () => {
    throw new Error("todo");
  },
});
