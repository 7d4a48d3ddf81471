import { CompiledQuery, type Kysely, MssqlAdapter, MysqlAdapter, PostgresAdapter, type QueryResult } from "kysely";

/** What stands for a value in a statement, or a name that is quoted. */
type Token = string | { readonly names: readonly string[] } | { readonly value: unknown };

/**
 * A part of a statement, with its values: what they are never becomes text. It is made of text, names and values in their order, and nothing is
 * worked out before it is run; so a part that is made once, and used again, costs no more than its text.
 */
export class Sql<Row = unknown> {
  readonly tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  /** The text and the parameters for a database. */
  compile(db: Kysely<unknown>): CompiledQuery<Row> {
    const { quote, placeholder } = styleOf(db);
    let text = "";
    const parameters: unknown[] = [];
    for (const token of this.tokens) {
      if (typeof token === "string") text += token;
      else if ("names" in token) text += quoted(token.names, quote);
      else text += placeholder(parameters.push(token.value));
    }
    return CompiledQuery.raw(text, parameters) as CompiledQuery<Row>;
  }

  /** Runs it. */
  execute(db: Kysely<unknown>): Promise<QueryResult<Row>> {
    return db.executeQuery(this.compile(db));
  }
}

/** A part of a statement that is written as a template: values in it are parameters, and parts are put in as they are. */
export function sql<Row = unknown>(texts: TemplateStringsArray, ...parts: readonly unknown[]): Sql<Row> {
  const tokens: Token[] = [];
  add(tokens, texts[0]!);
  for (const [index, part] of parts.entries()) {
    addPart(tokens, part);
    add(tokens, texts[index + 1]!);
  }
  return new Sql<Row>(tokens);
}

/** A name, with those of what it is in before it. */
sql.id = (...names: readonly string[]): Sql => new Sql([{ names }]);

/** Text as it is: never anything that comes from outside. */
sql.raw = (text: string): Sql => new Sql([text]);

/** Parts, or values, with a comma between them, or what else is said. */
sql.join = (parts: readonly unknown[], separator: Sql = COMMA): Sql => {
  const tokens: Token[] = [];
  for (const [index, part] of parts.entries()) {
    if (index > 0) addPart(tokens, separator);
    addPart(tokens, part);
  }
  return new Sql(tokens);
};

const COMMA = new Sql([", "]);

function addPart(tokens: Token[], part: unknown): void {
  if (part instanceof Sql) for (const token of part.tokens) add(tokens, token);
  else tokens.push({ value: part });
}

/** Adds a token; text is joined to the text before it. */
function add(tokens: Token[], token: Token): void {
  if (token === "") return;
  const last = tokens.at(-1);
  if (typeof token === "string" && typeof last === "string") tokens[tokens.length - 1] = last + token;
  else tokens.push(token);
}

/** How a make of database quotes names, and what stands for the nth parameter. */
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
