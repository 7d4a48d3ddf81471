import { Cron } from "croner";
import { Duration, IANAZone } from "luxon";
import { z } from "zod";
import { entraConfig } from "../graph/settings.ts";
import { isConfidential } from "../http/settings.ts";

const duration = z
  .string()
  .refine((text) => Duration.fromISO(text).isValid, "a duration is ISO 8601's, such as P30D or PT12H")
  .refine((text) => !(Duration.fromISO(text).toMillis() < 0), "a duration is not negative here")
  .describe("A duration of ISO 8601: P3D, PT12H.");

const schedule = z.string().refine(isSchedule, "a schedule is cron's: minute hour day month weekday");

function isSchedule(pattern: string): boolean {
  try {
    new Cron(pattern, { paused: true, maxRuns: 0 }).stop();
    return true;
  } catch {
    return false;
  }
}

/** A secret of at least 16 bytes; one of Standard Webhooks' begins with `whsec_`, and is base64 behind that. */
const secret = z
  .string()
  .refine(
    (text) => (text.startsWith("whsec_") ? Buffer.from(text.slice(6), "base64").length >= 16 : text.length >= 16),
    "a secret has at least 16 bytes",
  );

const zoneName = z
  .string()
  .refine((name) => IANAZone.isValidZone(name), "a time zone has a name such as Europe/Oslo or UTC");
const expression = z.strictObject({ value: z.string().min(1).describe("JSONata over the source's resource.") });

const flow = {
  when: z
    .enum(["always", "create", "empty"])
    .default("always")
    .describe("When the value is written: always, when the account is created, or while the target has none."),
  absent: z
    .enum(["clear", "keep"])
    .default("clear")
    .describe("What becomes of the target's value where the source gives none."),
};

const constant = z.union([z.string(), z.number(), z.boolean()]);

/** What an attribute of the target is made of. */
const rule = z.union([
  z.string().min(1).describe("A path of the source's resource."),
  z.strictObject({ from: z.string().min(1).describe("A path of the source's resource."), ...flow }),
  z.strictObject({ constant: constant.describe("A value that is the same for everybody."), ...flow }),
  z.strictObject({
    value: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .describe(
        "JSONata over the source's resource. Of a list the first gives the value; with `unique` the next ones are tried while the one before is taken, and one with $n with 2, 3 and so on.",
      ),
    unique: z
      .boolean()
      .default(false)
      .describe("No two accounts have the value. It is chosen once, when the account is created, and remembered."),
    ...flow,
  }),
  z.strictObject({
    reference: z.string().min(1).describe("The target's resource type that is referred to, such as User."),
    from: z.string().min(1).describe("The path of the source's resource that names who is referred to."),
    by: z
      .string()
      .min(1)
      .optional()
      .describe("The path by which the source's resources are known there, such as userName. Default: the key."),
    absent: flow.absent,
  }),
]);

/** How a rule is written. */
export type RuleSource = z.output<typeof rule>;

const share = z.string().regex(/^\d{1,3}(\.\d+)?%$/, "a share is written 5%");
const bound = z
  .union([z.int().min(0), share, z.tuple([z.int().min(0), share])])
  .describe("A number, a share of the accounts that the sync knows (5%), or both: the lesser counts.");

/** How many changes of a kind a run may make. */
export type Bound = z.output<typeof bound>;

const guard = z
  .strictObject({
    creates: bound.default(50).describe("Accounts created."),
    changes: bound.default("10%").describe("Accounts changed, enabled or renamed."),
    adoptions: bound
      .default(0)
      .describe("Accounts that were there already and are taken over by another match than the first."),
    disables: bound.default("5%").describe("Accounts disabled."),
    deletes: bound.default(0).describe("Accounts deleted."),
    removals: bound.default("20%").describe("Accounts that lose a membership of a group."),
  })
  .prefault({})
  .describe(
    "Bounds on one run, by kind of change. Changes of a kind that has more are held, all of them, before the first is made, until they are released: `postern sync release`.",
  );

const stage = z
  .strictObject({
    after: duration.default("PT0S").describe("How long after the person left."),
    do: z
      .enum(["strip", "set", "delete"])
      .describe("strip: takes the account out of its groups. set: writes `set`. delete: deletes the account."),
    set: z.record(z.string(), constant).default({}).describe("Paths of the target, and what is written there."),
  })
  .refine((given) => given.do !== "delete" || Object.keys(given.set).length === 0, {
    path: ["set"],
    message: "an account that is deleted is not written: make `set` a stage before it",
  });

const leavers = z
  .strictObject({
    missing: z
      .enum(["disable", "ignore"])
      .default("disable")
      .describe("What happens when a whole read of the source does not have the person any more."),
    after: duration.default("PT0S").describe("How long somebody must be missing before that counts."),
    outOfScope: z
      .enum(["disable", "ignore"])
      .default("disable")
      .describe("What happens when the scope does not have the person any more."),
    left: z
      .string()
      .optional()
      .describe("JSONata over the source's resource: whether the person has left, such as $after(hr.endDate)."),
    neverStarted: z
      .enum(["disable", "delete"])
      .default("disable")
      .describe(
        "What happens to the account of somebody who leaves before it was ever active: a hire that is rescinded.",
      ),
    stages: z.array(stage).max(20).default([]).describe("What happens later to the account of who has left, in order."),
  })
  .prefault({})
  .describe("What becomes of the accounts of people who leave.");

const group = z.strictObject({
  name: z
    .string()
    .min(1)
    .describe("JSONata over the source's resource: the displayName of the group, or a list of them; nothing for none."),
  type: z.string().default("Group").describe("The target's resource type."),
  attributes: z.record(z.string(), constant).default({}).describe("What a group is created with, beside its name."),
});

const passwords = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .refine(isConfidential, "passwords are sent there: it must be https")
      .describe(
        "By https, or to this machine. Receives {sync, key, id, userName, password} by POST, once for each new account.",
      ),
    secret: secret.describe(
      "Signs the request as Standard Webhooks does, HMAC-SHA256; best ${env:NAME} or ${file:PATH}.",
    ),
  })
  .describe("Where first passwords go. Default: nowhere; nobody knows them.");

/** How a sync is set up. */
export const syncConfig = z.strictObject({
  from: z
    .strictObject({
      route: z.string().describe("The route that is read."),
      type: z.string().default("User").describe("Its resource type."),
      key: z
        .string()
        .default("externalId")
        .describe("The path that tells people apart, and stays with a person: a personnel number."),
      shrink: share
        .default("20%")
        .describe(
          "A read that has lost more than this share of the people is held to be broken; see `postern sync run --accept-shrink`.",
        ),
    })
    .describe("Where people come from."),
  to: z
    .union([
      z.strictObject({
        route: z.string().describe("The route that is written."),
        type: z.string().default("User").describe("Its resource type."),
      }),
      z.strictObject({
        entra: entraConfig.describe(
          "An inbound provisioning job of Microsoft Entra ID. See docs/guides/entra-inbound.md.",
        ),
        types: z
          .string()
          .meta({ completes: "types" })
          .optional()
          .describe(
            "A file of schemas, for attributes that the job has beside SCIM's, or the name of a shipped one. A relative path starts at the configuration's folder.",
          ),
      }),
    ])
    .describe("Where accounts are made."),
  schedule: schedule.optional().describe("When it runs, as cron writes it. Default: by hand, or by a signal."),
  reconcile: schedule
    .optional()
    .describe(
      "When a run compares every account with the rules, not only those of people who changed. Default: never by itself.",
    ),
  asOf: z
    .strictObject({
      zone: z
        .union([zoneName, expression])
        .default("UTC")
        .describe("The time zone in which dates begin: a name, or JSONata that gives each person's."),
      lastDay: z
        .enum(["inclusive", "exclusive"])
        .default("inclusive")
        .describe("Whether somebody still works on the last day."),
    })
    .prefault({})
    .describe("How dates of the source become instants. The schedule goes by the zone, too, where it is a name."),
  scope: z
    .union([z.string().min(1), expression])
    .optional()
    .describe("Who gets an account: a SCIM filter over the source's resources, or JSONata. Default: everybody."),
  match: z
    .array(z.string().min(1))
    .default(["externalId", "userName"])
    .describe("Paths of the target by which an account that is there already is found, tried in order."),
  attributes: z
    .record(z.string(), rule)
    .default({})
    .describe("Paths of the target, and what they are made of. Default: what both sides map, one to one."),
  respectDisabled: z
    .boolean()
    .default(false)
    .describe("An account that an administrator disabled stays disabled until the source says so, too."),
  leavers,
  rehires: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Paths of the source that together tell a person whose key is new: birth date and names. Somebody who was here before is proposed, not created twice.",
    ),
  groups: z
    .array(group)
    .max(100)
    .default([])
    .describe("Groups that follow from rules. Groups that the sync did not make are left alone."),
  passwords: passwords.optional(),
  guard,
  concurrency: z.int().min(1).max(64).default(8).describe("Maximum changes made at a time."),
  signal: secret
    .optional()
    .describe("The secret of signals by HTTP: POST /syncs/NAME/signal at the address of `operations` starts a run."),
});

/** A sync of the configuration, with its defaults. */
export type SyncSettings = z.output<typeof syncConfig>;
