import { createRequire } from "node:module";
import { StringDecoder } from "node:string_decoder";
import type * as saxes from "saxes";
import { Refusal } from "../refusal.ts";

/** What is called while a part is parsed; names are without their prefix. */
export interface Handler {
  readonly open?: (name: string, attributes: Readonly<Record<string, string>>) => void;
  readonly text?: (text: string) => void;
  readonly close?: (name: string) => void;
}

const local = (name: string): string => name.slice(name.indexOf(":") + 1);

/** Parses a part of a workbook; gives control back after each chunk, and once at the end. */
export async function* parseXml(
  part: string,
  chunks: AsyncIterable<Uint8Array>,
  handler: Handler,
): AsyncGenerator<void> {
  const { SaxesParser } = createRequire(import.meta.url)("saxes") as typeof saxes;
  const parser = new SaxesParser({ fragment: false });
  parser.on("error", () => {
    throw new Refusal(`the workbook's part ${part} is no XML: it is damaged. Have it saved anew.`);
  });
  // No workbook has a document type, which could name other files.
  parser.on("doctype", () => {
    throw new Refusal(`the workbook's part ${part} has a document type, which no workbook has.`);
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

/** Parses a part to its end. */
export async function readXml(part: string, chunks: AsyncIterable<Uint8Array>, handler: Handler): Promise<void> {
  for await (const _ of parseXml(part, chunks, handler));
}
