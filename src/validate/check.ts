import type { Session } from "./session.ts";

/** The profiles that an endpoint can be checked against, with their descriptions. */
export const PROFILES = {
  entra: "Microsoft Entra ID: its provisioning service, and its SCIM validator",
  "entra-gallery": "Microsoft Entra ID: the validation for the application gallery",
  interop: "SCIM 2.0 Interoperability Profile, draft-zollner-scim-interop-profile-01",
  "ipsie-al1": "IPSIE, account lifecycle level 1: deprovisioning, draft-schreiber-scim-ipsie-profile-00",
  "ipsie-al2": "IPSIE, account lifecycle level 2: users and groups, draft-schreiber-scim-ipsie-profile-00",
} as const;

/** One of the profiles. */
export type Profile = keyof typeof PROFILES;

/** The profiles that a profile requires besides its own checks. */
export const REQUIRED_PROFILES: Readonly<Partial<Record<Profile, readonly Profile[]>>> = {
  "ipsie-al1": ["interop"],
  "ipsie-al2": ["interop", "ipsie-al1"],
};

/**
 * How serious a finding is: `must` fails the run, `should` and `preview` only warn. Previews are tests that Microsoft's validator runs
 * without counting them.
 */
export type Severity = "must" | "should" | "preview";

/** What a check and a rule that isn't checked have in common. */
export interface Described {
  /** Unique, such as `entra-9`; stable across versions, because pipelines name it. */
  readonly id: string;
  readonly profile: Profile;
  /** What it is about, such as `PATCH /Users`. */
  readonly area: string;
  /** What holds if the check passes. */
  readonly title: string;
  readonly rule: {
    /** What the endpoint is expected to do, in a sentence. */
    readonly says: string;
    /** Where that is written, such as `RFC 7644 §3.5.2`. */
    readonly source: string;
  };
  readonly severity: Severity;
}

/** A check that an endpoint can be asked. */
export interface Check extends Described {
  /** What to change on the endpoint if the check fails. */
  readonly fix: string;
  /** The same if the endpoint is Postern: which setting. */
  readonly postern?: string;
  /** Checks the endpoint. Returns if it conforms to the rule; throws a `Finding` if not, and a `Skip` if this can't be determined. */
  readonly run: (session: Session) => Promise<void>;
}

/** A rule that cannot be checked by asking the endpoint alone. */
export interface NotAsked extends Described {
  readonly notAsked: string;
}

/** A check before its profile is known. */
export type Draft = Omit<Check, "profile" | "severity"> & { readonly severity?: Severity };

/** The checks of a profile. They are `must` unless they say otherwise. */
export const checksOf = (profile: Profile, drafts: readonly Draft[]): readonly Check[] =>
  drafts.map((draft) => ({ severity: "must", ...draft, profile }));
