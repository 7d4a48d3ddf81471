import type { SignInOptions } from "../../console/attempt.ts";
import type { ConsoleSettings } from "../../console/settings.ts";
import { createSignIn } from "../../console/sign-in.ts";
import { networksOf, sourceOf } from "../../edge/addresses.ts";
import type { ConsoleSources } from "./sources.ts";

/** Sign-in to the console of a running gateway: sessions in its store, records in its audit log, failures slowed as those of clients. */
export function signInFor(
  settings: ConsoleSettings,
  { shared, current, store }: Pick<ConsoleSources, "shared" | "current" | "store">,
  { url, page }: Pick<SignInOptions, "url" | "page">,
): ReturnType<typeof createSignIn> {
  const { services, throttle, log } = shared;
  const warn = (fields: object, message: string) => log.warn(fields, message);
  return createSignIn({
    settings,
    url,
    page,
    store: store.state().console,
    sourceOf: (peer, forwardedFor) =>
      sourceOf(peer, forwardedFor, networksOf(current().loaded.config.server.trustProxy)),
    attempt: (source, look) => throttle.judge(source, undefined, look),
    // Reading goes on if records can't be written; they are kept and written later.
    record: async ({ by, ...event }) => {
      const isRefused = event.event === "refused";
      const person = by?.issuer === undefined ? {} : { issuer: by.issuer, sub: by.sub };
      if (isRefused) warn({ by: by?.name, ...person, ...event }, "sign-in to the console refused");
      // Floods are bounded by caller.
      const who = isRefused ? { caller: by?.name } : { by: by?.name };
      await services.audit?.outcome({ ...event, ...who, ...person });
    },
    warn,
  });
}
