/** A piece of HTML: what stands in it is escaped already. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What a piece of HTML may be made of. Text and numbers are escaped, `false` and `undefined` are left out. */
export type Part = Markup | string | number | false | undefined | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" },
  "`": "&#96;",
};

/** Characters that HTML has no use for, and those that turn the direction of what follows them. */
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
 * Makes HTML of a template. Whatever is put into it is escaped, as content and as the value of an attribute in quotes. Everything in the report but
 * its style is made this way.
 */
export const html = (texts: TemplateStringsArray, ...parts: readonly Part[]): Markup =>
  new Markup(texts.reduce((before, text, index) => `${before}${written(parts[index - 1])}${text}`));
