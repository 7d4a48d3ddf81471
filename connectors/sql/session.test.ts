import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { lent } from "../../test/servers/lent.ts";
import sql from "./index.ts";

test("while another process writes to the file, changes wait, and nothing else does", async () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-held-"));
  const file = join(folder, "app.db");
  const other = new DatabaseSync(file);
  other.exec(
    "pragma journal_mode = wal; create table p (id integer primary key, login text); insert into p values (1, 'ann')",
  );
  const config = sql.config.parse({ dialect: "sqlite", file, kinds: { user: { table: "p" } } });
  const connector = sql.open(config, lent(folder));
  const signal = AbortSignal.timeout(20_000);
  const get = () => connector.get({ kind: "user", key: "1", attrs: ["login"], signal });
  expect(await get()).toEqual({ login: "ann" });
  other.exec("begin immediate");
  const changes = ["a", "b", "c"].map((login) =>
    connector.update({
      kind: "user",
      key: "1",
      changes: [{ op: "replace", attr: "login", values: [login] }],
      attrs: ["login"],
      signal,
    }),
  );
  // It is read as it is while they wait.
  for (let n = 0; n < 5; n++) expect(await get()).toEqual({ login: "ann" });
  const done = Promise.all(changes);
  expect(await Promise.race([done, get().then(() => "waiting")])).toBe("waiting");
  other.exec("commit");
  expect(await done).toEqual([{ login: "a" }, { login: "b" }, { login: "c" }]);
  await connector.close();
  other.close();
  rmSync(folder, { recursive: true });
});
