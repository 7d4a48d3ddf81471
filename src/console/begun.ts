import { createSeal } from "../connector/kit/seal.ts";
import type { Begun } from "./oidc.ts";
import type { OidcSettings } from "./settings.ts";

/** A sign-in that has begun: what it must be finished with, and the page to return to. */
export interface PendingSignIn extends Begun {
  readonly path: string;
  /** The session that may end for it, because its person agreed. */
  readonly replaces?: string | undefined;
}

/** Sign-ins that a browser has begun, sealed in its cookie: beginning one costs the gateway nothing to keep. */
export interface BegunSignIns {
  /** The cookie with one sign-in more. Later ones keep earlier ones, so that two tabs don't disturb each other. */
  readonly add: (cookie: string | undefined, pending: PendingSignIn) => string;
  /** The sign-in with a state, and the cookie without it: undefined if none is left. */
  readonly take: (
    cookie: string | undefined,
    state: string | undefined,
  ) => { readonly found: PendingSignIn | undefined; readonly left: string | undefined };
}

/** How long somebody may take to sign in at the provider, in milliseconds. */
export const BEGUN_MS = 600_000;
/** Maximum length of the cookie; browsers keep 4096 bytes with its name and attributes. The oldest sign-ins make room. */
const MAX_COOKIE = 3500;
const ABOUT = "sign-ins that have begun";

interface Kept extends PendingSignIn {
  readonly expires: number;
}

/** Seals sign-ins with a key that follows from the client's secret, which all gateways with one configuration have. */
export function begunSignIns({ issuer, clientId, clientSecret }: OidcSettings): BegunSignIns {
  const seal = createSeal(["console sign-in", issuer, clientId, clientSecret]);
  const read = (cookie: string | undefined): Kept[] => {
    const text = cookie === undefined ? undefined : seal.open(cookie, ABOUT);
    const now = Date.now();
    return text === undefined ? [] : (JSON.parse(text) as Kept[]).filter(({ expires }) => expires > now);
  };
  const write = (all: readonly Kept[]): string => {
    const sealed = seal.close(JSON.stringify(all), ABOUT);
    return sealed.length > MAX_COOKIE && all.length > 1 ? write(all.slice(1)) : sealed;
  };
  return {
    add: (cookie, pending) => write([...read(cookie), { ...pending, expires: Date.now() + BEGUN_MS }]),
    take: (cookie, state) => {
      const all = read(cookie);
      const left = all.filter((each) => each.state !== state);
      return {
        found: all.find((each) => each.state === state),
        left: left.length > 0 ? write(left) : undefined,
      };
    },
  };
}
