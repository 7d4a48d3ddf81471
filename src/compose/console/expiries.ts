import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { LRUCache } from "lru-cache";

/** A certificate or a token that ends, or has ended. Times are in milliseconds since 1970. */
export interface Expiry {
  readonly what: "certificate" | "token";
  /** The setting that holds it, such as `server.tls.cert`. */
  readonly setting: string;
  /** Whom a certificate names. */
  readonly subject: string;
  readonly until: number;
}

/** Settings that name certificate files. */
const CERTIFICATES: readonly string[] = ["cert", "certificate", "ca", "clientCa"];
const MAX_BYTES = 1_000_000;
const MAX_FILES = 1000;
const JWT = /^(?:Bearer )?[\w-]{4,}\.([\w-]{4,})\.[\w-]*$/;

/** Finds the certificates and tokens that a configuration names, with their ends. Files are read again when they change. */
export function createExpiries(): (config: unknown, folder: string) => Promise<readonly Expiry[]> {
  const read = new LRUCache<string, { readonly state: string; readonly ends: Ends | undefined }>({ max: MAX_FILES });
  const endsOf = async (path: string, isCa: boolean): Promise<Ends | undefined> => {
    const { size, mtimeMs } = await stat(path);
    const state = `${size} ${mtimeMs} ${isCa}`;
    const known = read.get(path);
    if (known?.state === state) return known.ends;
    const ends = size > MAX_BYTES ? undefined : endsIn(await readFile(path, "utf8"), isCa);
    read.set(path, { state, ends });
    return ends;
  };
  return async (config, folder) => {
    const found = await Promise.all(
      textsIn(config).map(async ([setting, text]): Promise<Expiry | undefined> => {
        const until = tokenEnd(text);
        if (until !== undefined) return { what: "token", setting, subject: "", until };
        const name = setting.slice(setting.lastIndexOf(".") + 1);
        if (!CERTIFICATES.includes(name)) return undefined;
        // A file that is gone is told elsewhere.
        const ends = await endsOf(resolve(folder, text), name.toLowerCase().endsWith("ca")).catch(() => undefined);
        return ends && { what: "certificate", setting, ...ends };
      }),
    );
    return found.filter((each) => each !== undefined);
  };
}

interface Ends {
  readonly subject: string;
  readonly until: number;
}

/** When the certificates of a file end: a chain with its first one, trusted CAs with their last. */
function endsIn(pem: string, isCa: boolean): Ends | undefined {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  const ends = blocks.map((block) => {
    const { subject, validToDate } = new X509Certificate(block);
    return { subject: subject.replaceAll("\n", ", "), until: validToDate.getTime() };
  });
  const sorted = ends.toSorted((one, other) => one.until - other.until);
  return isCa ? sorted.at(-1) : sorted[0];
}

/** When a JWT ends; undefined for any other text. */
function tokenEnd(text: string): number | undefined {
  const [, payload] = JWT.exec(text) ?? [];
  if (payload === undefined) return undefined;
  try {
    const { exp } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { exp?: unknown };
    return typeof exp === "number" ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}

/** The texts of a configuration, with their places. */
function textsIn(value: unknown, place = ""): [string, string][] {
  if (typeof value === "string") return [[place, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => textsIn(each, place === "" ? key : `${place}.${key}`));
}
