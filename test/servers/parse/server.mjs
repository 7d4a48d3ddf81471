// Parse Server in a process of its own, on a database that is there: PORT, DATABASE and KEY from the environment.
import { createServer } from "node:http";
import express from "express";
import { ParseServer } from "parse-server";

const { PORT, DATABASE, KEY } = process.env;
const api = new ParseServer({
  databaseURI: DATABASE,
  appId: "people",
  masterKey: KEY,
  masterKeyIps: ["127.0.0.1", "::1"],
  serverURL: `http://127.0.0.1:${PORT}/parse`,
  allowClientClassCreation: true,
  silent: true,
  logLevel: "error",
  verbose: false,
  logsFolder: null,
  enableAnonymousUsers: false,
  encodeParseObjectInCloudFunction: true,
});
await api.start();
const app = express();
app.use("/parse", api.app);
createServer(app).listen(Number(PORT), "127.0.0.1", () => process.send?.("ready"));
process.on("disconnect", () => process.exit());
