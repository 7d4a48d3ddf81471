import { Cron } from "croner";
import { Duration, IANAZone } from "luxon";
import { z } from "zod";
import { entraConfig } from "../graph/settings.ts";
import { isConfidential } from "../http/settings.ts";

const duration = z
  .string()
  .refine((text) => Duration.fromISO(text).isValid, "a duration is written in ISO 8601, such as P30D or PT12H")
  .refine((text) => !(Duration.fromISO(text).toMillis() < 0), "this duration cannot be negative")
  .describe("Duration in ISO 8601: P3D, PT12H.");

const schedule = z.string().refine(isSchedule, "a schedule is written like cron's: minute hour day month weekday");

function isSchedule(pattern: string): boolean {
  try {
    new Cron(pattern, { paused: true, maxRuns: 0 }).stop();
    return true;
  } catch {
    return false;
  }
}

/** A secret of at least 16 bytes. In Standard Webhooks' format it is `whsec_` and base64. */
const secret = z
  .string()
  .meta({ secret: true })
  .refine(
    (text) => (text.startsWith("whsec_") ? Buffer.from(text.slice(6), "base64").length >= 16 : text.length >= 16),
    "a secret needs at least 16 bytes",
  );

const zoneName = z
  .string()
  .refine((name) => IANAZone.isValidZone(name), "a time zone has a name such as Europe/Oslo or UTC");
const expression = z.strictObject({ value: z.string().min(1).describe("JSONata over the source's resource.") });

const flow = {
  when: z
    .enum(["always", "create", "empty"])
    .default("always")
    .describe("When to write the value: always, only when the account is created, or while the target has none."),
  absent: z
    .enum(["clear", "keep"])
    .default("clear")
    .describe("What happens to the target's value if the source has none."),
};

const constant = z.union([z.string(), z.number(), z.boolean()]);

/** How an attribute of the target is computed. */
const rule = z.union([
  z.string().min(1).describe("Path in the source's resource."),
  z.strictObject({ from: z.string().min(1).describe("Path in the source's resource."), ...flow }),
  z.strictObject({ constant: constant.describe("Constant value for everybody."), ...flow }),
  z.strictObject({
    value: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .describe(
        "JSONata over the source's resource. With a list, the first result is the value; with `unique`, the next is tried while one is taken, and one with $n is tried with 2, 3 and so on.",
      ),
    unique: z
      .boolean()
      .default(false)
      .describe("No two accounts may have the value. It is chosen once, when the account is created, and remembered."),
    ...flow,
  }),
  z.strictObject({
    reference: z.string().min(1).describe("Resource type in the target that is referred to, such as User."),
    from: z.string().min(1).describe("Path in the source's resource that names the referenced person."),
    by: z
      .string()
      .min(1)
      .optional()
      .describe("Path in the source that the name refers to, such as userName. Default: the key."),
    absent: flow.absent,
  }),
]);

/** A rule as written in the configuration. */
export type RuleSource = z.output<typeof rule>;

const share = z.string().regex(/^\d{1,3}(\.\d+)?%$/, "a percentage is written 5%");
const bound = z
  .union([z.int().min(0), share, z.tuple([z.int().min(0), share])])
  .describe("A number, a percentage of the sync's accounts (5%), or both: the lower counts.");

/** Maximum changes of a kind in one run. */
export type Bound = z.output<typeof bound>;

const guard = z
  .strictObject({
    creates: bound.default(50).describe("Accounts created."),
    changes: bound.default("10%").describe("Accounts changed, enabled or renamed."),
    adoptions: bound.default(0).describe("Existing accounts taken over by any match but the first."),
    disables: bound.default("5%").describe("Accounts disabled."),
    deletes: bound.default(0).describe("Accounts deleted."),
    removals: bound.default("20%").describe("Accounts that lose a group membership."),
  })
  .prefault({})
  .describe(
    "Maximum changes per run, by kind. If a kind exceeds its limit, all its changes are held before the first is made, until they are released: `postern sync release`.",
  );

const stage = z
  .strictObject({
    after: duration.default("PT0S").describe("How long after the person left."),
    do: z
      .enum(["strip", "set", "delete"])
      .describe("strip: removes the account from its groups. set: writes `set`. delete: deletes the account."),
    set: z.record(z.string(), constant).default({}).describe("Values to write, by path in the target."),
  })
  .refine((given) => given.do !== "delete" || Object.keys(given.set).length === 0, {
    path: ["set"],
    message: "a deleted account cannot be written: put `set` into an earlier stage",
  });

const leavers = z
  .strictObject({
    missing: z
      .enum(["disable", "ignore"])
      .default("disable")
      .describe("What happens when a complete read of the source no longer contains the person."),
    after: duration.default("PT0S").describe("How long somebody must be missing before that counts."),
    outOfScope: z
      .enum(["disable", "ignore"])
      .default("disable")
      .describe("What happens when the person is no longer in scope."),
    left: z
      .string()
      .optional()
      .describe("JSONata over the source's resource: whether the person has left, such as $after(hr.endDate)."),
    neverStarted: z
      .enum(["disable", "delete"])
      .default("disable")
      .describe(
        "What happens to the account of somebody who leaves before it was ever active, such as a cancelled hire.",
      ),
    stages: z
      .array(stage)
      .max(20)
      .default([])
      .describe("Later steps for the account of somebody who has left, in order."),
  })
  .prefault({})
  .describe("What happens to the accounts of people who leave.");

const group = z.strictObject({
  name: z
    .string()
    .min(1)
    .describe("JSONata over the source's resource: the group's displayName, a list of them, or nothing."),
  type: z.string().default("Group").describe("Resource type in the target."),
  attributes: z.record(z.string(), constant).default({}).describe("Values for a new group, besides its name."),
});

const passwords = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .refine(isConfidential, "this URL receives passwords: it must be https")
      .describe(
        "URL, https or on this machine. It receives {sync, key, id, userName, password} by POST for each new account.",
      ),
    secret: secret.describe(
      "Secret that signs the request as in Standard Webhooks, HMAC-SHA256; preferably ${env:NAME} or ${file:PATH}.",
    ),
  })
  .describe("Where first passwords are delivered. Default: nowhere, so nobody knows them.");

/** Settings of a sync. */
export const syncConfig = z.strictObject({
  from: z
    .strictObject({
      route: z.string().describe("Route to read from."),
      type: z.string().default("User").describe("Resource type."),
      key: z
        .string()
        .default("externalId")
        .describe("Path that identifies a person permanently, such as a personnel number."),
      shrink: share
        .default("20%")
        .describe(
          "Maximum share of people that may disappear between two reads. Beyond it the read is considered broken; see `postern sync run --accept-shrink`.",
        ),
    })
    .describe("Where people come from."),
  to: z
    .union([
      z.strictObject({
        route: z.string().describe("Route to write to."),
        type: z.string().default("User").describe("Resource type."),
      }),
      z.strictObject({
        entra: entraConfig.describe(
          "Inbound provisioning job of Microsoft Entra ID. See docs/guides/entra-inbound.md.",
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
    .describe("Where accounts are created."),
  schedule: schedule.optional().describe("Schedule of runs, as in cron. Default: only by hand or by signal."),
  reconcile: schedule
    .optional()
    .describe(
      "Schedule of reconciliations, which compare every account with the rules, not only those of people who changed. Default: none.",
    ),
  asOf: z
    .strictObject({
      zone: z
        .union([zoneName, expression])
        .default("UTC")
        .describe("Time zone in which dates start: a name, or JSONata for each person's zone."),
      lastDay: z
        .enum(["inclusive", "exclusive"])
        .default("inclusive")
        .describe("Whether the last day is still a working day."),
    })
    .prefault({})
    .describe("How dates in the source become instants. If the zone is a name, schedules use it too."),
  scope: z
    .union([z.string().min(1), expression])
    .optional()
    .describe("Who gets an account: a SCIM filter over the source's resources, or JSONata. Default: everybody."),
  match: z
    .array(z.string().min(1))
    .default(["externalId", "userName"])
    .describe("Paths in the target that find an existing account, tried in order."),
  attributes: z
    .record(z.string(), rule)
    .default({})
    .describe("How attributes of the target are computed, by path. Default: those that both sides map, unchanged."),
  respectDisabled: z
    .boolean()
    .default(false)
    .describe("Keeps an account disabled that an administrator disabled, until the source says so too."),
  leavers,
  rehires: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Paths in the source that together identify a person with a new key, such as birth date and names. A former person is proposed as a rehire instead of being created twice.",
    ),
  groups: z
    .array(group)
    .max(100)
    .default([])
    .describe("Groups computed by rules. Groups that the sync did not create are not changed."),
  passwords: passwords.optional(),
  guard,
  concurrency: z.int().min(1).max(64).default(8).describe("Maximum concurrent changes."),
  signal: secret
    .optional()
    .describe("Secret for signals over HTTP: POST /syncs/NAME/signal at the address of `operations` starts a run."),
});

/** A configured sync with defaults. */
export type SyncSettings = z.output<typeof syncConfig>;
