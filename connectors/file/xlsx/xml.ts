import { createRequire } from "node:module";
import { StringDecoder } from "node:string_decoder";
import type * as saxes from "saxes";
import { Refusal } from "../refusal.ts";

/** Callbacks of the parser. Names come without prefix. */
export interface Handler {
  readonly open?: (name: string, attributes: Readonly<Record<string, string>>) => void;
  readonly text?: (text: string) => void;
  readonly close?: (name: string) => void;
}

const local = (name: string): string => name.slice(name.indexOf(":") + 1);

/** Parses a part of a workbook. Yields after each chunk and at the end. */
export async function* parseXml(
  part: string,
  chunks: AsyncIterable<Uint8Array>,
  handler: Handler,
): AsyncGenerator<void> {
  const { SaxesParser } = createRequire(import.meta.url)("saxes") as typeof saxes;
  const parser = new SaxesParser({ fragment: false });
  parser.on("error", () => {
    throw new Refusal(`the workbook is damaged: its part ${part} is not valid XML. Save it again.`);
  });
  // Workbooks have no document type, which could refer to other files.
  parser.on("doctype", () => {
    throw new Refusal(`the workbook's part ${part} has a document type, which is not allowed.`);
  });
  parser.on("opentag", ({ name, attributes }) => handler.open?.(local(name), attributes as Record<string, string>));
  parser.on("text", (text) => handler.text?.(text));
  parser.on("cdata", (text) => handler.text?.(text));
  parser.on("closetag", ({ name }) => handler.close?.(local(name)));
  const decoder = new StringDecoder("utf8");
  for await (const chunk of chunks) {
    parser.write(decoder.write(Buffer.from(chunk)));
    yield;
  }
  parser.write(decoder.end());
  parser.close();
  yield;
}

/** Parses a whole part. */
export async function readXml(part: string, chunks: AsyncIterable<Uint8Array>, handler: Handler): Promise<void> {
  for await (const _ of parseXml(part, chunks, handler));
}
