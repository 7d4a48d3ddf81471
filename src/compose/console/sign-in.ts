import type { SignIn } from "../../console/console.ts";
import type { ConsoleSettings } from "../../console/settings.ts";
import { createSignIn, type SignInOptions } from "../../console/sign-in.ts";
import type { Shared } from "../generation.ts";
import type { Store } from "../store.ts";

/** Sign-in to the console of a running gateway: sessions in its store, records in its audit log, failures slowed as those of clients. */
export function signInFor(
  settings: ConsoleSettings,
  { services, throttle, log }: Pick<Shared, "services" | "throttle" | "log">,
  store: Store,
  { url, page }: Pick<SignInOptions, "url" | "page">,
): SignIn {
  const warn = (fields: object, message: string) => log.warn(fields, message);
  return createSignIn({
    settings,
    url,
    page,
    store: store.state().console,
    attempt: (source, look) => throttle.judge(source, undefined, look),
    // Reading goes on if records can't be written; they are kept and written later.
    record: async ({ by, ...event }) => {
      if (event.event === "refused") warn({ by, ...event }, "sign-in to the console refused");
      // Floods are bounded by caller.
      await services.audit?.outcome(event.event === "refused" ? { ...event, caller: by } : { ...event, by });
    },
    warn,
  });
}
