import type { JournalEntry, Step } from "./entry.ts";

/** What the change guard's answer begins with when it stops a change. It holds no value that was sent. */
export const STOPPED = "The change guard stopped this:";

/** What the step says at which the change guard stopped a change. */
const STEP = "Stopped by the guard: the backend was not asked to make this change.";

/** The step at which the change guard stopped a change, in milliseconds after the request came: when the change had been worked out. */
export const guardStep = (at: number): Step => ({ step: "mapped", at, text: STEP });

/** Where among its steps the change guard stopped a change; -1 if no step says so, as in entries of versions before. */
export const guardStepIn = (steps: readonly Step[]): number => steps.findIndex(({ text }) => text === STEP);

/** How the sentence of a failure begins: before the words of the error. */
export const answeredWith = (doing: string, what: string, status: number): string =>
  `${doing} ${what} was answered with ${status}`;

type Told = Pick<JournalEntry, "type" | "resource" | "display" | "status" | "sentence">;

/** Reports whether an entry is an attempt that the change guard stopped. A sentence has the resource's name once the journal knows it. */
export const isGuardStop = ({ type, resource, display, status, sentence }: Told): boolean =>
  status === 503 &&
  DOING.some((doing) => {
    const hasName = display !== "" && sentence.startsWith(`${doing} ${type} ${display} `);
    return sentence.startsWith(`${answeredWith(doing, `${type} ${hasName ? display : resource}`, status)}: ${STOPPED}`);
  });

/** What the changes are called that the guard may stop. */
const DOING = ["Deleting", "Changing", "Replacing"];
