import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { Attribute, Ber, BerReader, BerWriter, ModifyRequest, ProtocolOperation } from "ldapts";
import { guidToBytes } from "../../connectors/ldap/formats.ts";
import { makeAuthority, makeCertificate } from "./certificates.ts";
import { freePort } from "./ports.ts";

/**
 * A stand-in for a Windows domain controller, in what Samba does in another way: result limits, lists in ranges, refused
 * binds in Windows' words, single values that are swapped only while they are what they were, read-only controllers.
 */
export interface Windows {
  readonly url: string;
  readonly ca: string;
  readonly entries: StandInEntry[];
  /** What is asked, in the order in which it is. */
  readonly asked: string[];
  readonly stop: () => Promise<void>;
}

export interface StandInEntry {
  readonly dn: string;
  readonly guid: string;
  readonly attributes: Record<string, string[]>;
}

interface Search {
  readonly base: string;
  readonly scope: string;
  readonly filter: Filter;
  readonly attributes: readonly string[];
}

export interface StandInOptions {
  readonly entries: readonly StandInEntry[];
  /** The text of result 49 that a bind gets. */
  readonly bindRefusal?: string;
  readonly readOnly?: boolean;
}

const MAX_PAGE = 1000;
const MAX_RANGE = 1500;
const PERMISSIVE = "1.2.840.113556.1.4.1413";
const PAGED = "1.2.840.113556.1.4.319";

export async function startWindows({ entries: given, bindRefusal, readOnly }: StandInOptions): Promise<Windows> {
  const entries = given.map((entry) => ({ ...entry, attributes: { ...entry.attributes } }));
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const folder = mkdtempSync(join(tmpdir(), "postern-windows-"));
  const ca = makeAuthority(folder);
  const { key, certificate } = makeCertificate(folder, "windows", "IP:127.0.0.1");
  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (socket) => {
    sockets.add(socket);
    let received = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (data) => {
      received = Buffer.concat([received, data]);
      for (let message = nextMessage(received); message; message = nextMessage(received)) {
        received = received.subarray(message.length);
        const answers = answer(message);
        if (answers.length > 0) socket.write(Buffer.concat(answers));
      }
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));

  function answer(message: Buffer): Buffer[] {
    const reader = new BerReader(message);
    reader.readSequence();
    const id = reader.readInt()!;
    const operation = reader.readSequence()!;
    const end = reader.offset + reader.length;
    const body = new BerReader(message.subarray(reader.offset, end));
    const controls = readControls(message.subarray(end));
    switch (operation) {
      case ProtocolOperation.LDAP_REQ_BIND:
        return bindRefusal ? [result(id, 0x61, 49, bindRefusal)] : [result(id, 0x61, 0)];
      case ProtocolOperation.LDAP_REQ_SEARCH: {
        return search(id, readSearch(body), controls);
      }
      case ProtocolOperation.LDAP_REQ_MODIFY: {
        const request = new ModifyRequest({ messageId: id, changes: [] });
        request.parseMessage(body);
        return [modify(id, request, controls.has(PERMISSIVE))];
      }
      default:
        return [];
    }
  }

  function search(id: number, request: Search, controls: ReadonlyMap<string, Buffer>): Buffer[] {
    asked.push(`${request.scope} ${request.base} ${request.attributes.join(",")}`);
    const { base, filter } = request;
    const inScope = (entry: StandInEntry) =>
      base.startsWith("<GUID=") ? base === `<GUID=${entry.guid}>` : entry.dn.endsWith(base);
    const all = entries.filter((entry) => inScope(entry) && meets(filter, entry));
    if (request.scope === "base" && !entries.some(inScope) && base !== "")
      return [
        result(
          id,
          0x65,
          32,
          "0000208D: NameErr: DSID-0310028C, problem 2001 (NO_OBJECT), data 0, best match of:\n\t''\n",
        ),
      ];
    const page = controls.get(PAGED);
    const start = page ? cookieOf(page) : 0;
    const size = Math.min(page ? sizeOf(page) : MAX_PAGE, MAX_PAGE);
    const shown = all.slice(start, start + size);
    const isMore = all.length > start + size;
    const found = shown.map((entry) => searchEntry(id, entry, request.attributes));
    if (isMore && !page) return [...found, result(id, 0x65, 4)];
    return [...found, result(id, 0x65, 0, "", page && pageControl(isMore ? String(start + size) : ""))];
  }

  function modify(id: number, { dn, changes }: ModifyRequest, permissive: boolean): Buffer {
    asked.push(`modify ${dn} ${changes.map((each) => `${each.operation} ${each.modification.type}`).join(", ")}`);
    if (readOnly)
      return result(
        id,
        0x67,
        10,
        "0000202B: RefErr: DSID-0310082F, data 0, 1 access points\n\tref 1: 'dc1.corp.example.com'\n",
      );
    const entry = entries.find((each) => dn === `<GUID=${each.guid}>`);
    if (!entry) return result(id, 0x67, 32, "0000208D: NameErr: DSID-0310028C, problem 2001 (NO_OBJECT), data 0");
    const isEnabling = changes.some(
      ({ operation, modification: { type, values } }) =>
        type === "userAccountControl" && operation !== "delete" && (Number(values[0]) & 2) === 0,
    );
    const setsPassword = changes.some(({ modification }) => modification.type === "unicodePwd");
    if (isEnabling && !setsPassword && !entry.attributes.unicodePwd)
      return result(id, 0x67, 53, "0000052D: SvcErr: DSID-031A124C, problem 5003 (WILL_NOT_PERFORM), data 0");
    const next = structuredClone(entry.attributes);
    for (const { operation, modification } of changes) {
      const { type } = modification;
      const values = (modification.values as (string | Buffer)[]).map(String);
      const present = next[type] ?? [];
      if (operation === "replace") next[type] = values;
      for (const value of operation === "replace" ? [] : values) {
        const isThere = present.includes(value);
        if (isThere === (operation === "add") && !permissive)
          return operation === "add"
            ? result(
                id,
                0x67,
                20,
                "00002083: AtrErr: DSID-03151904, #1:\n\t0: 00002083: DSID-03151904, problem 1006 (ATT_OR_VALUE_EXISTS), data 0",
              )
            : result(
                id,
                0x67,
                16,
                "00002085: AtrErr: DSID-03151F04, #1:\n\t0: 00002085: DSID-03151F04, problem 1001 (NO_ATTRIBUTE_OR_VAL), data 0",
              );
        if (operation === "add" && !isThere) {
          if (type === "userAccountControl" && (next[type] ?? []).length > 0)
            return result(
              id,
              0x67,
              19,
              "00002081: AtrErr: DSID-031519C4, #1:\n\t0: 00002081: DSID-031519C4, problem 1005 (CONSTRAINT_ATT_TYPE), data 0",
            );
          next[type] = [...(next[type] ?? []), value];
        } else if (operation === "delete") next[type] = (next[type] ?? []).filter((each) => each !== value);
      }
    }
    Object.assign(entry.attributes, next);
    return result(id, 0x67, 0);
  }

  return {
    url: `ldaps://127.0.0.1:${port}`,
    ca,
    entries,
    asked,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}

/** The first whole message among some bytes. */
function nextMessage(bytes: Buffer): Buffer | undefined {
  const reader = new BerReader(bytes);
  if (bytes.length < 2 || !reader.readSequence()) return undefined;
  const length = reader.offset + reader.length;
  return bytes.length < length ? undefined : bytes.subarray(0, length);
}

function readControls(bytes: Buffer): Map<string, Buffer> {
  const controls = new Map<string, Buffer>();
  if (bytes.length === 0) return controls;
  const reader = new BerReader(bytes);
  reader.readSequence(0xa0);
  while (reader.remain > 0) {
    reader.readSequence();
    const end = reader.offset + reader.length;
    const oid = reader.readString()!;
    if (reader.offset < end && reader.peek() === Ber.Boolean) reader.readBoolean();
    controls.set(oid, reader.offset < end ? reader.readString(Ber.OctetString, true)! : Buffer.alloc(0));
    reader.offset = end;
  }
  return controls;
}

function sizeOf(page: Buffer): number {
  const reader = new BerReader(page);
  reader.readSequence();
  return reader.readInt()!;
}

function cookieOf(page: Buffer): number {
  const reader = new BerReader(page);
  reader.readSequence();
  reader.readInt();
  return Number(reader.readString() || 0);
}

function pageControl(cookie: string): (writer: BerWriter) => void {
  const value = new BerWriter();
  value.startSequence();
  value.writeInt(0);
  value.writeString(cookie);
  value.endSequence();
  return (writer) => {
    writer.startSequence(0xa0);
    writer.startSequence();
    writer.writeString(PAGED);
    writer.writeBuffer(value.buffer, Ber.OctetString);
    writer.endSequence();
    writer.endSequence();
  };
}

function message(id: number, tag: number, body: (writer: BerWriter) => void, controls?: (writer: BerWriter) => void) {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(id);
  writer.startSequence(tag);
  body(writer);
  writer.endSequence();
  controls?.(writer);
  writer.endSequence();
  return writer.buffer;
}

const result = (id: number, tag: number, code: number, text = "", controls?: (writer: BerWriter) => void): Buffer =>
  message(
    id,
    tag,
    (writer) => {
      writer.writeEnumeration(code);
      writer.writeString("");
      writer.writeString(text);
    },
    controls,
  );

/** An entry with its DN extended, and of a long list the range that is asked for, the first one where none is. */
function searchEntry(id: number, { dn, guid, attributes }: StandInEntry, wanted: readonly string[]): Buffer {
  const shown = wanted.flatMap((name): Attribute[] => {
    if (name === "objectguid") return [new Attribute({ type: "objectGUID", values: [guidToBytes(guid)] })];
    const [attr = "", range] = name.split(";range=");
    const type = Object.keys(attributes).find((each) => each.toLowerCase() === attr);
    if (type === undefined) return [];
    const values = attributes[type]!;
    const start = Number(range?.split("-")[0] ?? 0);
    if (range === undefined && values.length <= MAX_RANGE) return [new Attribute({ type, values })];
    const part = values.slice(start, start + MAX_RANGE);
    const end = start + part.length >= values.length ? "*" : start + part.length - 1;
    const ranged = new Attribute({ type: `${type};range=${start}-${end}`, values: part });
    return range === undefined ? [new Attribute({ type, values: [] }), ranged] : [ranged];
  });
  return message(id, 0x64, (writer) => {
    writer.writeString(`<GUID=${guid}>;${dn}`);
    writer.startSequence();
    for (const attribute of shown) attribute.write(writer);
    writer.endSequence();
  });
}

const lowerCased = ({ attributes }: StandInEntry) =>
  Object.fromEntries(Object.entries(attributes).map(([name, values]) => [name.toLowerCase(), values]));

const guidTexts = new Map<string, string>();
/** A GUID's bytes in the form in which a parsed filter has them. */
function guidText({ guid }: StandInEntry): string {
  const text = guidTexts.get(guid) ?? guidToBytes(guid).toString("utf8");
  guidTexts.set(guid, text);
  return text;
}

/** A filter of the wire, as far as these tests go. */
type Filter = { readonly all?: Filter[]; readonly any?: Filter[]; readonly not?: Filter } & {
  readonly attr?: string;
  readonly value?: string;
};

/** ldapts reads a search request's filter of presence wrongly: the request is read here. */
function readSearch(body: BerReader): Search {
  const base = body.readString()!;
  const scope = ["base", "one", "sub"][body.readEnumeration()!]!;
  body.readEnumeration();
  body.readInt();
  body.readInt();
  body.readBoolean();
  const filter = readFilter(body);
  const attributes: string[] = [];
  body.readSequence();
  for (const end = body.offset + body.length; body.offset < end; ) attributes.push(body.readString()!.toLowerCase());
  return { base, scope, filter, attributes };
}

function readFilter(body: BerReader): Filter {
  const tag = body.peek();
  if (tag === 0x87) return { attr: body.readString(tag)!.toLowerCase() };
  body.readSequence();
  const end = body.offset + body.length;
  const parts: Filter[] = [];
  switch (tag) {
    case 0xa0:
    case 0xa1:
      while (body.offset < end) parts.push(readFilter(body));
      return tag === 0xa0 ? { all: parts } : { any: parts };
    case 0xa2:
      return { not: readFilter(body) };
    case 0xa3:
      return { attr: body.readString()!.toLowerCase(), value: body.readString()! };
    default:
      throw new Error(`the stand-in does not know the filter ${tag}`);
  }
}

function meets({ all, any, not, attr, value }: Filter, entry: StandInEntry): boolean {
  if (all) return all.every((each) => meets(each, entry));
  if (any) return any.some((each) => meets(each, entry));
  if (not) return !meets(not, entry);
  if (attr === "objectguid") return guidText(entry) === value;
  const values = lowerCased(entry)[attr!] ?? [];
  if (value === undefined) return values.length > 0;
  // Windows compares without regard to accents, too.
  const fold = (text: string) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return values.some((each) => fold(each) === fold(value));
}
