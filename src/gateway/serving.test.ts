import { expect, test } from "vitest";
import { ConnectorError, ofRead, UNSURE } from "../connector/error.ts";
import { BackendError } from "./failure.ts";
import type { KnownReferences } from "./references.ts";
import { resourceOf, writtenResourceOf } from "./serving.ts";

test("a failure to read what an answer refers to says that there may have been a write, after a write alone", async () => {
  const failure = ofRead(new ConnectorError("unavailable", `hr is unreachable: UND_ERR_SOCKET.${UNSURE}`));
  const known = {
    learnReferences: () => Promise.reject(new BackendError(failure as ConnectorError)),
  } as unknown as KnownReferences;
  const [serving, view, context] = [{ endpoints: new Map() }, { selection: { refs: [] } }, {}] as never[];
  const told = (answer: Promise<unknown>) => answer.catch(({ message }: Error) => message);
  expect(await told(resourceOf(serving!, {}, view!, context!, known))).toBe("hr is unreachable: UND_ERR_SOCKET.");
  expect(await told(writtenResourceOf(serving!, {}, view!, context!, known))).toBe(
    `hr is unreachable: UND_ERR_SOCKET.${UNSURE}`,
  );
});
