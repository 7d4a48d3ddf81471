import type { AttributeInfo } from "../../connector/attribute-info.ts";
import type { Connector } from "../../connector/connector.ts";
import { ConnectorError } from "../../connector/error.ts";
import { abortable } from "../../connector/kit/deadline.ts";

/** How long what a backend said of its schema is kept, and how long it may take to say it, in milliseconds. */
const KEPT_MS = 5 * 60_000;
const ASK_MS = 10_000;
/** Maximum number of attributes of a kind, and length of their names and of what is said of them. */
const MAX_ATTRIBUTES = 5000;
const MAX_NAME = 200;
const MAX_DESCRIPTION = 300;

interface Kept {
  readonly until: number;
  readonly answer: Promise<readonly AttributeInfo[]>;
}

/** Asks connectors for the attributes of their kinds. Those who ask at the same time share one question. Rejects with a `ConnectorError`, which is not kept. */
export type AskAttributes = (connector: Connector, kind: string) => Promise<readonly AttributeInfo[]>;

/** Keeps what backends say of their schemas, by the open connector. */
export function attributesKept(): AskAttributes {
  const kept = new WeakMap<Connector, Map<string, Kept>>();
  return (connector, kind) => {
    if (!connector.attributes || !connector.kinds.has(kind)) return Promise.resolve([]);
    const kinds = kept.get(connector) ?? new Map<string, Kept>();
    kept.set(connector, kinds);
    const known = kinds.get(kind);
    if (known && known.until > Date.now()) return known.answer;
    const signal = AbortSignal.timeout(ASK_MS);
    const answer = abortable(signal, connector.attributes(kind, signal)).then(bounded, (error) => {
      if ((error as Error).name !== "TimeoutError") throw error;
      throw new ConnectorError("timeout", `It did not describe its schema within ${ASK_MS / 1000} s.`);
    });
    kinds.set(kind, { until: Date.now() + KEPT_MS, answer });
    answer.catch(() => kinds.get(kind)?.answer === answer && kinds.delete(kind));
    return answer;
  };
}

const bounded = (attributes: readonly AttributeInfo[]): AttributeInfo[] =>
  attributes
    .filter(({ name }) => name !== "" && name.length <= MAX_NAME)
    .slice(0, MAX_ATTRIBUTES)
    .map((each) => ({ ...each, description: each.description?.slice(0, MAX_DESCRIPTION) }));
