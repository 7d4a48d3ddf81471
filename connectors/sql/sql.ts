import { CompiledQuery, type Kysely, MssqlAdapter, MysqlAdapter, PostgresAdapter, type QueryResult } from "kysely";

/** Text, a quoted name, a value, or another part. */
type Token = string | { readonly names: readonly string[] } | { readonly value: unknown } | Sql;

/** The text of a part for one dialect, split at its values, and the values. */
interface Rendered {
  readonly style: Style;
  readonly texts: readonly string[];
  readonly values: readonly unknown[];
}

/**
 * Part of a statement with its values, which never become text. It consists of text, names, values and other parts. The text is generated
 * on first use: a part that is kept and reused costs only a reference.
 */
export class Sql<Row = unknown> {
  readonly tokens: readonly Token[];
  #rendered: Rendered | undefined;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  /** The text and parameters for a database. */
  compile(db: Kysely<unknown>): CompiledQuery<Row> {
    const style = styleOf(db);
    const { texts, values } = this.rendered(style);
    let text = texts[0]!;
    for (let n = 1; n < texts.length; n++) text += style.placeholder(n) + texts[n]!;
    return CompiledQuery.raw(text, [...values]) as CompiledQuery<Row>;
  }

  private rendered(style: Style): Rendered {
    if (this.#rendered?.style === style) return this.#rendered;
    const texts: string[] = [""];
    const values: unknown[] = [];
    const append = (text: string) => {
      texts[texts.length - 1] += text;
    };
    for (const token of this.tokens) {
      if (typeof token === "string") append(token);
      else if (token instanceof Sql) {
        const inner = token.rendered(style);
        append(inner.texts[0]!);
        for (const [index, value] of inner.values.entries()) {
          values.push(value);
          texts.push(inner.texts[index + 1]!);
        }
      } else if ("names" in token) append(quoted(token.names, style.quote));
      else {
        values.push(token.value);
        texts.push("");
      }
    }
    this.#rendered = { style, texts, values };
    return this.#rendered;
  }

  /** Runs the statement. */
  execute(db: Kysely<unknown>): Promise<QueryResult<Row>> {
    return db.executeQuery(this.compile(db));
  }
}

/** Builds part of a statement from a template. Values become parameters, and parts are inserted. */
export function sql<Row = unknown>(texts: TemplateStringsArray, ...parts: readonly unknown[]): Sql<Row> {
  const tokens: Token[] = [];
  add(tokens, texts[0]!);
  for (const [index, part] of parts.entries()) {
    addPart(tokens, part);
    add(tokens, texts[index + 1]!);
  }
  return new Sql<Row>(tokens);
}

/** A quoted name, with its qualifiers. */
sql.id = (...names: readonly string[]): Sql => new Sql([{ names }]);

/** Literal text, which must never come from outside. */
sql.raw = (text: string): Sql => new Sql([text]);

/** Joins parts or values with commas, or another separator. */
sql.join = (parts: readonly unknown[], separator: Sql = COMMA): Sql => {
  const tokens: Token[] = [];
  for (const [index, part] of parts.entries()) {
    if (index > 0) addPart(tokens, separator);
    addPart(tokens, part);
  }
  return new Sql(tokens);
};

const COMMA = new Sql([", "]);

/** Parts with fewer tokens than this are copied, longer ones are referenced. */
const SHORT = 4;

function addPart(tokens: Token[], part: unknown): void {
  if (!(part instanceof Sql)) tokens.push({ value: part });
  else if (part.tokens.length >= SHORT) tokens.push(part);
  else for (const token of part.tokens) add(tokens, token);
}

/** Adds a token; adjacent texts are merged. */
function add(tokens: Token[], token: Token): void {
  if (token === "") return;
  const last = tokens.at(-1);
  if (typeof token === "string" && typeof last === "string") tokens[tokens.length - 1] = last + token;
  else tokens.push(token);
}

/** How a dialect quotes names and numbers parameters. */
interface Style {
  readonly quote: string;
  readonly placeholder: (n: number) => string;
}

const styles = {
  sqlite: { quote: '"', placeholder: () => "?" },
  mysql: { quote: "`", placeholder: () => "?" },
  postgres: { quote: '"', placeholder: (n) => `$${n}` },
  mssql: { quote: '"', placeholder: (n) => `@${n}` },
} as const satisfies Record<string, Style>;

function styleOf(db: Kysely<unknown>): Style {
  const { adapter } = db.getExecutor();
  if (adapter instanceof PostgresAdapter) return styles.postgres;
  if (adapter instanceof MysqlAdapter) return styles.mysql;
  return adapter instanceof MssqlAdapter ? styles.mssql : styles.sqlite;
}

const quoted = (names: readonly string[], quote: string): string =>
  names.map((name) => quote + name.replaceAll(quote, quote + quote) + quote).join(".");
