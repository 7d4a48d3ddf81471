import type { Loaded } from "../config/load.ts";
import type { Connector, Finding } from "../connector/connector.ts";
import { ConnectorError, readFailure } from "../connector/error.ts";
import { usesOf } from "./connector-uses.ts";

/** What was asked, such as a connector, and what came of it. */
export interface Asked {
  readonly name: string;
  /** What it says of itself. */
  readonly says: string;
  /** Whether it answered. */
  readonly isThere: boolean;
  readonly findings: readonly Finding[];
}

/** How long is waited for an answer, in milliseconds. */
const PROBE_MS = 5000;
/** How long is waited for all that is looked at, in milliseconds. */
export const CHECK_MS = 30_000;

/** What did not answer. */
export const failed = (name: string, says: string, error: unknown): Asked => ({
  name,
  says: `${says}: ${readFailure(error)}`,
  isThere: false,
  findings: [],
});

/** Probes a connector, and checks that its backend has what the mappings need. Nothing is written. */
export async function askConnector(loaded: Loaded, name: string, connector: Connector): Promise<Asked> {
  let says = "does not serve";
  try {
    says = await connector.probe(AbortSignal.timeout(PROBE_MS));
    const findings = (await connector.check?.(await usesOf(loaded, name), AbortSignal.timeout(CHECK_MS))) ?? [];
    return { name, says, isThere: true, findings };
  } catch (error) {
    if (!isAnswer(error)) return failed(name, "does not serve", error);
    return { name, says, isThere: true, findings: [{ ok: false, text: error.message }] };
  }
}

/** Failures of a backend that did not answer, or not now. */
const AWAY: readonly string[] = ["unavailable", "timeout", "busy", "throttled"];

/** Whether a backend answered, and refused what was asked: that is a finding. A base that is not there is told as if all of it were away. */
const isAnswer = (error: unknown): error is ConnectorError =>
  error instanceof ConnectorError && (!AWAY.includes(error.kind) || isAnswer(error.cause));
