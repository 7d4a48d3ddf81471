import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { ConnectorError } from "../../connector/error.ts";
import { Refusal, type RefusalKind } from "../../play/refusal.ts";
import type {
  KindAttributes,
  MappingFile,
  MappingList,
  PlayAnswer,
  PlayRequest,
  Saved,
  SaveRequest,
} from "../api/mappings.ts";
import { operatorOnly } from "../console.ts";
import type { ConsoleEnv, ConsolePage } from "../env.ts";

/** What the pages on mappings ask and do. */
export interface MappingsSource {
  readonly list: () => Promise<MappingList>;
  readonly file: (route: string, type: string) => Promise<MappingFile>;
  /** The attributes of a connector's kind, as the backend's schema has them. */
  readonly attributes: (route: string, type: string, kind: string) => Promise<KindAttributes>;
  readonly play: (request: PlayRequest) => Promise<PlayAnswer>;
  readonly entry: (route: string, type: string, id: string) => Promise<Readonly<Record<string, unknown>>>;
  readonly maySave: () => boolean;
  readonly save: (request: SaveRequest, by: string) => Promise<Saved>;
}

/** Maximum size of a request in bytes, and of a mapping's text in characters: several times what mappings have. */
const MAX_BODY = 1024 * 1024;
const MAX_TEXT = 50_000;
const TOO_LARGE = "The mapping and its input are larger than 1 MB together. Try a smaller input.";

const name = z.string().min(1).max(500);
const text = z
  .string()
  .max(MAX_TEXT, `larger than ${MAX_TEXT} characters, the most that the playground takes of a file`);
const json = z.record(z.string(), z.unknown());
const place = z.object({ route: name, type: name });

const kindFormat = place.extend({ kind: name });

const inputFormat = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("entry"), entry: json }),
  z.strictObject({ kind: z.literal("resource"), resource: json }),
  z.strictObject({ kind: z.literal("filter"), filter: z.string().max(10_000), entry: json.optional() }),
  z.strictObject({ kind: z.literal("patch"), patch: json, entry: json.optional() }),
  z.strictObject({ kind: z.literal("put"), resource: json, entry: json.optional() }),
]);
const playFormat = place.extend({
  mapping: text.optional(),
  types: text.optional(),
  input: inputFormat,
  live: z.boolean().optional(),
});
const entryFormat = place.extend({ id: z.string().min(1).max(1024) });
const saveFormat = place.extend({
  what: z.enum(["mapping", "types", "test"]),
  text: text.optional(),
  hash: z.string().max(100).optional(),
  input: inputFormat.optional(),
  name: z.string().trim().min(1).max(200).optional(),
});

/** The pages on mappings: the tables, and the playground. Trying changes nothing, so that viewers may. */
export function mappingsPage(source: MappingsSource): ConsolePage {
  const app = new Hono<ConsoleEnv>();
  app.use(
    bodyLimit({
      maxSize: MAX_BODY,
      // The rest of the body is not read, so nothing else can be asked on its connection.
      onError: (c) => c.json({ error: TOO_LARGE }, 413, { Connection: "close" }),
    }),
  );
  app.onError(refused);
  app.get("/", async (c) => c.json(await source.list()));
  app.get("/file", async (c) => {
    const asked = place.safeParse(c.req.query());
    if (!asked.success) return invalid(c, asked.error);
    return c.json(await source.file(asked.data.route, asked.data.type));
  });
  app.get("/attributes", async (c) => {
    const asked = kindFormat.safeParse(c.req.query());
    if (!asked.success) return invalid(c, asked.error);
    const { route, type, kind } = asked.data;
    return c.json(await source.attributes(route, type, kind));
  });
  app.post("/play", async (c) => {
    const asked = playFormat.safeParse(await bodyOf(c));
    return asked.success ? c.json(await source.play(asked.data)) : invalid(c, asked.error);
  });
  app.post("/entry", async (c) => {
    const asked = entryFormat.safeParse(await bodyOf(c));
    if (!asked.success) return invalid(c, asked.error);
    const { route, type, id } = asked.data;
    return c.json({ entry: await source.entry(route, type, id) });
  });
  app.post("/save", operatorOnly, async (c) => {
    if (!source.maySave())
      return c.json({ error: "Saving is off. To allow it, set console.playground.save: true." }, 403);
    const asked = saveFormat.safeParse(await bodyOf(c));
    return asked.success ? c.json(await source.save(asked.data, c.var.operator.name)) : invalid(c, asked.error);
  });
  return app;
}

const bodyOf = (c: Context<ConsoleEnv>): Promise<unknown> => c.req.json().catch(() => undefined);

const invalid = (c: Context<ConsoleEnv>, { issues }: z.ZodError) =>
  c.json({ error: issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ") }, 400);

const STATUS = { absent: 404, away: 503, busy: 429, changed: 409, refused: 422 } as const satisfies Record<
  RefusalKind,
  number
>;

function refused(error: Error, c: Context<ConsoleEnv>) {
  if (error instanceof Refusal) return c.json({ error: error.message, problems: error.problems }, STATUS[error.kind]);
  if (error instanceof ConnectorError)
    return c.json({ error: `The backend could not be asked: ${error.message}` }, 503);
  throw error;
}
