import { AsyncLocalStorage } from "node:async_hooks";
import type { Identity } from "./env.ts";

/** Whoever's request is being answered, for the records of what they do: a name alone may be that of several people. */
export const acting = new AsyncLocalStorage<Identity>();
