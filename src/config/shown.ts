import type { z } from "zod";
import { type Config, configFormat } from "./format.ts";
import type { Registry } from "./registry.ts";
import { REFERENCE, type Resolved } from "./secrets.ts";

/** What a configuration was made of: the file's data, with `${env:...}` as it is written, and what was put in its place. */
export interface Source {
  readonly given: unknown;
  readonly secrets: readonly Resolved[];
}

/** A configuration that can be shown. */
export interface Showable {
  readonly config: Config;
  readonly source: Source;
  readonly registry: Registry;
}

/** What stands for a secret, and for one that differs from the configuration that is compared with. */
export const HIDDEN = { secret: "‹secret›", changed: "‹secret, changed›" } as const;

/** Texts shorter than this are no secrets by themselves: they would be found everywhere. */
const MIN_SECRET = 6;
/** Likewise what references stand for, which may also be the name of a database. */
const MIN_REFERENCED = 16;
const SECRET_NAME =
  /(?:password|passphrase|passwd|secret|token|credential|authorization|cookie|signature|(?:api|access|private)[-_]?key)$/i;

/** How a configuration is shown. */
export interface Showing {
  /** With all defaults, rather than as it is written. */
  readonly isWhole: boolean;
  /** Marks secrets that differ from those of this configuration. */
  readonly comparedWith?: Pick<Showable, "config"> | undefined;
}

/**
 * A configuration as data that can be shown: references to secrets as they are written, secrets hidden. Hidden are settings that their
 * schema marks as secret (`meta({ secret: true })`), whatever is named like one, passwords within addresses, and any text that contains the
 * value of a secret.
 */
export function shownConfig(showable: Showable, showing: Showing): unknown {
  const found = hidden(showable, showing);
  return withoutTexts(found.shown, secretsIn([found], [showable]));
}

/** A message without the secrets of the given configurations. */
export const withoutSecretsOf = (showables: readonly Pick<Showable, "source" | "registry">[]) => {
  const found = showables.map((each) => hidden({ ...each, config: each.source.given }, { isWhole: false }));
  const longest = secretsIn(found, showables).toSorted((one, other) => other.length - one.length);
  return (text: string): string =>
    withoutPasswords(longest.reduce((cleaned, each) => cleaned.replaceAll(each, HIDDEN.secret), text));
};

type Hiding = Omit<Showable, "config"> & { readonly config: unknown };

/** A configuration with its secrets hidden, what they were, and the references in settings that hold secrets and in others. */
interface Hidden {
  readonly shown: unknown;
  readonly secrets: ReadonlySet<string>;
  readonly references: { readonly secret: ReadonlySet<string>; readonly plain: ReadonlySet<string> };
}

/** The secrets of configurations. What a reference stands for is none if it stands only where none belongs, such as in a path. */
function secretsIn(found: readonly Hidden[], of: readonly Pick<Showable, "source">[]): string[] {
  const stands = (where: "secret" | "plain", reference: string) =>
    found.some(({ references }) => references[where].has(reference));
  const isPlain = ({ reference, text }: Resolved): boolean =>
    stands("plain", reference) && !stands("secret", reference) && withoutPasswords(text) === text;
  const referenced = of
    .flatMap(({ source }) => source.secrets)
    .filter((each) => each.text.length >= MIN_REFERENCED && !isPlain(each));
  const all = [...found.flatMap(({ secrets }) => [...secrets]), ...referenced.map(({ text }) => text)];
  return [...new Set(all)].filter((each) => each.length >= MIN_SECRET);
}

/** Reports whether a reference can't stand for a secret: in a setting that holds none, as itself and before the host of no address. */
const isPlainIn = (reference: string, written: string): boolean =>
  reference.startsWith("${env:") &&
  !SECRET_NAME.test(reference.slice(0, -1)) &&
  !(written.match(/\/\/[^\s/]*@/g) ?? []).some((each) => each.includes(reference));

/** Hides secrets. The configuration need not be valid. */
function hidden({ config, source, registry }: Hiding, { isWhole, comparedWith }: Showing): Hidden {
  const secrets = new Set<string>();
  const stand = { secret: new Set<string>(), plain: new Set<string>() };
  const hide = ({ schemas, value, given, other, name, isSecret: isWithin }: Place): unknown => {
    const isSecret = isWithin || schemas.some(isMarked) || (!isObject(value) && SECRET_NAME.test(name));
    const next = (key: string | number, more: object) =>
      hide({
        schemas: schemas.flatMap((schema) => within(schema, key, value)),
        value: at(value, key),
        given: at(given, key),
        other: at(other, key),
        name: typeof key === "number" ? name : key,
        isSecret,
        ...more,
      });
    if (Array.isArray(value)) {
      // What is written as one may be read as a list of one.
      const list = Array.isArray(given) ? given : [given];
      return value.map((_, index) => next(index, { given: list[index] }));
    }
    if (isObject(value))
      return Object.fromEntries(
        Object.keys(value)
          .filter((key) => (value as Record<string, unknown>)[key] !== undefined)
          .map((key) => [key, next(key, {})]),
      );
    const isChanged = comparedWith !== undefined && other !== undefined && other !== value;
    const written = typeof given === "string" ? given : "";
    const references = written.match(REFERENCE) ?? [];
    for (const each of references) stand[!isSecret && isPlainIn(each, written) ? "plain" : "secret"].add(each);
    if (references.length > 0 && isSecret) secrets.add(String(value));
    if (references.length > 0 && typeof value === "string")
      return (isSecret ? references.join("") : withoutPasswords(written)) + (isChanged ? " ‹changed›" : "");
    if (!isSecret || typeof value === "boolean" || value === null) return value;
    secrets.add(String(value));
    return isChanged ? HIDDEN.changed : HIDDEN.secret;
  };
  const root = { schemas: [configFormat(registry)], other: comparedWith?.config, name: "", isSecret: false };
  const shown = hide({ ...root, value: isWhole ? config : withoutUnread(source.given, config), given: source.given });
  return { shown, secrets, references: stand };
}

interface Place {
  readonly schemas: readonly z.ZodType[];
  readonly value: unknown;
  /** The same place in the file. */
  readonly given: unknown;
  /** And in the configuration that is compared with. */
  readonly other: unknown;
  /** The name of the setting. */
  readonly name: string;
  /** Whether a setting around it is secret. */
  readonly isSecret: boolean;
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const at = (value: unknown, key: string | number): unknown =>
  isObject(value) ? (value as Record<string | number, unknown>)[key] : undefined;

/** The file's data, with the values that references stand for, so that both have the same form. */
function withoutUnread(given: unknown, config: unknown): unknown {
  if (Array.isArray(given)) {
    const list = Array.isArray(config) ? config : [config];
    return given.map((each, index) => withoutUnread(each, list[index]));
  }
  if (isObject(given)) {
    // What is written as one may be read as a list of one.
    const read = Array.isArray(config) ? config[0] : config;
    return Object.fromEntries(Object.entries(given).map(([key, each]) => [key, withoutUnread(each, at(read, key))]));
  }
  return typeof given === "string" && given.match(REFERENCE) && typeof config === "string" ? config : given;
}

/** A schema and the ones it wraps. */
function* layers(schema: z.ZodType): Generator<z.ZodType> {
  yield schema;
  // biome-ignore lint/suspicious/noExplicitAny: zod's own definition of a schema has a form for each kind
  const { innerType, in: input, options } = (schema as any).def;
  for (const each of [innerType, input, ...(options ?? [])]) if (each) yield* layers(each);
}

const isMarked = (schema: z.ZodType): boolean =>
  [...layers(schema)].some((each) => (each.meta() as { secret?: boolean } | undefined)?.secret === true);

/** The schemas of a part of a value. */
function within(schema: z.ZodType, key: string | number, value: unknown): z.ZodType[] {
  return [...layers(schema)].flatMap((each) => {
    // biome-ignore lint/suspicious/noExplicitAny: as above
    const { shape, valueType, element, catchall } = (each as any).def;
    // Of options that have a type, the one that the value names.
    if (shape?.type && !shape.type.safeParse(at(value, "type")).success) return [];
    const found = shape?.[key] ?? valueType ?? element ?? catchall;
    return found ? [found] : [];
  });
}

/** A password within an address, `https://name:password@host`, which ends at the last `@`. */
const IN_ADDRESS = /(\/\/[^\s/:@]*:)([^\s/]+)(?=@)/g;

const withoutPasswords = (text: string): string =>
  text.replace(IN_ADDRESS, (_, before: string, password: string) =>
    password.replace(REFERENCE, "") === "" ? before + password : before + HIDDEN.secret,
  );

/** Hides the texts, also in names, and passwords within addresses. */
function withoutTexts(value: unknown, texts: readonly string[]): unknown {
  const clean = (text: string) => (texts.some((each) => text.includes(each)) ? HIDDEN.secret : withoutPasswords(text));
  if (typeof value === "string") return clean(value);
  if (typeof value === "number") return texts.includes(String(value)) ? HIDDEN.secret : value;
  if (Array.isArray(value)) return value.map((each) => withoutTexts(each, texts));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [clean(key), withoutTexts(each, texts)]));
}
