/** Takes secrets out of what an endpoint says, so that no report repeats them. */
export interface Redactor {
  /** Adds a secret; `label` stands in its place. Short ones are not looked for: they would be found in words. */
  readonly add: (secret: string, label: string) => void;
  /** Text without the secrets, as they are or as they come back in JSON, URLs and HTML. */
  readonly text: (text: string) => string;
  /** An answer's text, and its JSON if it is that, without the secrets. */
  readonly answer: (text: string) => { readonly text: string; readonly json?: unknown };
}

const MIN_SECRET = 8;

/** A redactor without secrets yet. */
export function createRedactor(): Redactor {
  const secrets = new Map<string, { readonly word: string; readonly pattern: RegExp; readonly label: string }>();
  const clean = (text: string) => {
    let cleaned = text;
    const lower = text.toLowerCase();
    // Patterns are slow on long texts.
    for (const { word, pattern, label } of secrets.values())
      if (lower.includes(word)) cleaned = cleaned.replace(pattern, () => label);
    return cleaned;
  };
  return {
    add: (secret, label) => {
      if (secret.length >= MIN_SECRET && !secrets.has(secret))
        secrets.set(secret, { word: wordOf(secret), pattern: patternOf(secret), label });
    },
    text: clean,
    answer: (text) => {
      const json = jsonOf(text);
      const cleaned = clean(text);
      if (json === undefined) return { text: cleaned };
      // Without a backslash, JSON has its strings as they are.
      if (cleaned === text && !text.includes("\\")) return { text, json };
      const [parsed, isChanged] = cleanJson(json, clean);
      return isChanged ? { text: JSON.stringify(parsed), json: parsed } : { text: cleaned, json };
    },
  };
}

/** Text as JSON; undefined if it isn't. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** JSON with all its texts and names cleaned, and whether that changed it. Not recursive: foreign JSON is nested at will. */
function cleanJson(json: unknown, clean: (text: string) => string): readonly [unknown, boolean] {
  const root: Record<string, unknown> = { json };
  const open: object[] = [root];
  let isChanged = false;
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    const holder = each as Record<string, unknown>;
    for (const [name, value] of Object.entries(holder)) {
      const cleanName = Array.isArray(holder) ? name : clean(name);
      const cleanValue = typeof value === "string" ? clean(value) : value;
      if (typeof cleanValue === "object" && cleanValue !== null) open.push(cleanValue);
      if (cleanName === name && cleanValue === value) continue;
      isChanged = true;
      if (cleanName !== name) delete holder[name];
      Object.defineProperty(holder, cleanName, {
        value: cleanValue,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
  }
  return [root.json, isChanged];
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos" };

/** The longest part of a secret that comes back as it is, in lower case. */
const wordOf = (secret: string) =>
  secret
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .reduce((longest, each) => (each.length > longest.length ? each : longest), "");

/** A pattern that finds a secret. Letters and digits come back as they are; the rest may be escaped, also more than once. */
function patternOf(secret: string): RegExp {
  const parts = [...secret.replace(/\\+/g, "\\")].map((char) => {
    if (/[a-z\d]/i.test(char)) return char;
    // In a row they would be told apart in too many ways.
    if (char === "\\") return "(?:\\\\{1,64}|%(?:25){0,3}5c|&#92;|&#x5c;)";
    const code = char.codePointAt(0)!;
    const hex = code.toString(16);
    const percent = [...Buffer.from(char)].map((byte) => `%(?:25){0,3}${byte.toString(16).padStart(2, "0")}`);
    const entity = `#x0{0,6}${hex}|#0{0,6}${code}${ENTITIES[char] ? `|${ENTITIES[char]}` : ""}`;
    const forms = [
      `\\\\{0,8}${char.replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&")}`,
      percent.join(""),
      `\\\\{1,8}u${hex.padStart(4, "0")}`,
      `&(?:amp;){0,3}(?:${entity});`,
      ...(char === " " ? ["\\+"] : []),
    ];
    return `(?:${forms.join("|")})`;
  });
  return new RegExp(parts.join(""), "gi");
}

const SECRET_NAME = /key|code|token|secret|sig|pass|auth|cred/i;
const FLAG = /^aadOptscim/i;
const VERSION = /^v?\d+([.-]\d+)*(-[a-z]+)?$/i;

/**
 * The values of a URL's query that may be secrets: those whose name says so, and those that look random. Words and versions are none:
 * they would be found in all that an endpoint says.
 */
export function secretsInQuery(search: string): readonly string[] {
  return [...new URLSearchParams(search)].flatMap(([name, value]) => {
    const given = value === "" ? name : value;
    if (value !== "" && SECRET_NAME.test(name)) return [given];
    if (FLAG.test(given) || VERSION.test(given)) return [];
    return /\d/.test(given) && /[a-z]/i.test(given) ? [given] : [];
  });
}
