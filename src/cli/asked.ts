import { type Asked, askConnector, CHECK_MS, failed } from "../compose/ask-connector.ts";
import { sharedLimitsOf } from "../compose/shared-limits.ts";
import { openStateOf } from "../compose/store.ts";
import type { Loaded } from "../config/load.ts";
import type { Connector } from "../connector/connector.ts";
import { filesIn } from "../connector/kit/files.ts";
import { probeShared } from "../edge/limiters.ts";
import { limitsOf, memoryBudget } from "../graph/budget.ts";
import { openEntra } from "../graph/client.ts";
import { isSharedState } from "../state/state.ts";
import { withProgress } from "./progress.ts";

/** Something that is asked. */
type Question = readonly [name: string, ask: () => Promise<Asked>];

/** Asks all that a configuration names whether it serves, and has what the mappings need. Nothing is written. */
export async function askAll(loaded: Loaded, connectors: ReadonlyMap<string, Connector>): Promise<Asked[]> {
  const questions: readonly Question[] = [
    ...[...connectors].map(([name, connector]): Question => [name, () => askConnector(loaded, name, connector)]),
    ...sharedProbes(loaded),
    ...entraJobs(loaded),
  ];
  const open = questions.map(([name]) => name);
  const text = () => `asking ${open.join(", ")}`;
  return withProgress(text(), ({ show }) =>
    Promise.all(
      questions.map(async ([name, ask]) => {
        const asked = await ask();
        open.splice(open.indexOf(name), 1);
        if (open.length > 0) show(text());
        return asked;
      }),
    ),
  );
}

/** Whether the jobs of Entra's that syncs write to can be used. */
function entraJobs(loaded: Loaded): Question[] {
  return Object.entries(loaded.config.syncs).flatMap(([sync, { to }]) => {
    if (!("entra" in to)) return [];
    const name = `sync ${sync}`;
    const ask = async (): Promise<Asked> => {
      const client = openEntra(to.entra, { files: filesIn(loaded.folder), budget: memoryBudget(limitsOf(to.entra)) });
      try {
        const findings = await client.probe(AbortSignal.timeout(CHECK_MS));
        return { name, says: `Entra's job ${to.entra.job}`, isThere: true, findings };
      } catch (error) {
        return failed(name, "Entra cannot be asked", error);
      } finally {
        await client.close();
      }
    };
    return [[name, ask]];
  });
}

/** Whether what several gateways share can be reached: PostgreSQL, and Valkey or Redis. */
function sharedProbes(loaded: Loaded): Question[] {
  const { url } = loaded.config.state;
  const shared = sharedLimitsOf(loaded);
  const probes: [string, () => Promise<void>][] = [];
  if (isSharedState(url)) {
    const state = openStateOf(loaded);
    probes.push([`state: ${url}`, () => state.probe().finally(state.close)]);
  }
  if (shared) probes.push([`limits.shared: ${shared.url}`, () => probeShared(shared)]);
  return probes.map(([name, probe]) => {
    const ask = async (): Promise<Asked> => {
      try {
        await probe();
        return { name, says: "answers", isThere: true, findings: [] };
      } catch (error) {
        return failed(name, "is unreachable", error);
      }
    };
    return [name, ask];
  });
}
