/** A piece of HTML whose content is escaped already. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** The parts of HTML. Text and numbers are escaped, `false` and `undefined` are omitted. */
export type Part = Markup | string | number | false | undefined | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" },
  "`": "&#96;",
};

/** Control characters, and those that change the text direction. */
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g;

const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replace(CONTROL, "\uFFFD")
    .replace(/[&<>"'`]/g, (character) => ENTITIES[character]!);

function written(part: Part): string {
  if (part instanceof Markup) return part.text;
  if (typeof part === "object") return part.map(written).join("");
  return part === false || part === undefined ? "" : escaped(String(part));
}

/**
 * Builds HTML from a template. All values are escaped, as content and as quoted attribute values. Everything in the report except its style
 * is built this way.
 */
export const html = (texts: TemplateStringsArray, ...parts: readonly Part[]): Markup =>
  new Markup(texts.reduce((before, text, index) => `${before}${written(parts[index - 1])}${text}`));
