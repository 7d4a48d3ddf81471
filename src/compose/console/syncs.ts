import type { SyncAttribute, SyncPersonPage } from "../../console/api/syncs.ts";
import { cutOf } from "../../console/cut.ts";
import type { SyncsDeps } from "../../console/pages/syncs.ts";
import { Refusal } from "../../console/refusal.ts";
import type { AskedAct } from "../../edge/syncs.ts";
import { redactResource } from "../../journal/redact.ts";
import type { Resource } from "../../scim/schema.ts";
import type { Person } from "../../state/person.ts";
import { BusyError } from "../../sync/lease.ts";
import { findPerson, personPage } from "../../sync/page.ts";
import { displayOf, memoryOf, resourceOf } from "../../sync/person.ts";
import { lastRuns, text } from "../../sync/report.ts";
import type { Rules } from "../../sync/rules.ts";
import { routeTarget } from "../../sync/targets/route.ts";
import { isSameValue, valueAt } from "../../sync/values.ts";
import { UnrecordedError } from "../recorded-acts.ts";
import { OtherTargetError } from "../syncs/target.ts";
import type { Drifts } from "./drifts.ts";
import type { ConsoleSources } from "./sources.ts";
import { driftDeps } from "./sync-drift.ts";
import { peopleOf } from "./sync-people.ts";
import { lineOf, runOf, summaryOf } from "./sync-views.ts";

/** How long an account may take to be read, in milliseconds. */
const ACCOUNT_MS = 5000;
/** How many runs the store keeps. */
const RUNS = 500;

/** What the pages on syncs are handed. */
export function syncsDeps({ current, syncs, shared }: ConsoleSources, drifts: Drifts): SyncsDeps {
  const { admin, looked, using } = syncs;
  const { audit } = shared.services;
  const settingsOf = (name: string) => current().loaded.config.syncs[name]!;
  const toOf = (name: string) => {
    const { to } = settingsOf(name);
    return "route" in to ? to : undefined;
  };
  return {
    names: admin.names,
    summary: async (name) => summaryOf(await looked(name), settingsOf(name), await syncs.moved(name)),
    runs: async (name, before, limit) => {
      const all = (await lastRuns(await looked(name), RUNS)).filter(({ run }) => before === undefined || run < before);
      const { rows, last } = await cutOf(limit, () => all);
      return { runs: rows.map(runOf), ...(last && { next: last.run }) };
    },
    people: async (name, query) => {
      // What a plan would do that takes the target for the one from before is in a store of its own.
      const plan = query.show === "same" ? (await syncs.moved(name))?.plan : undefined;
      return peopleOf((plan ?? (await looked(name))).store, plan ? { ...query, show: "planned" } : query);
    },
    person: async (name, key) => {
      const { store } = await looked(name);
      const person = await findPerson(store, key);
      if (!person) return undefined;
      const rules = current().loaded.syncs.get(name)!;
      const page = await personPage(store, person);
      const shows = { values: true, type: rules.source, secretAttrs: new Set<string>() };
      const to = toOf(name);
      const account = to && (await accountOf(name, to, person));
      return {
        display: displayOf(resourceOf(person)),
        line: lineOf(person),
        page: { ...page, source: redactResource(page.source, shows) },
        attributes: attributesOf(person, rules, account?.resource),
        account: account?.told ?? { is: "none" },
        ...(to && person.target !== null && { target: { route: to.route, type: to.type, id: person.target } }),
      };
    },
    ...driftDeps({ current, syncs, audit }, drifts),
    run: async (name, { plan, reconcile, first, acceptShrink, same }, by) => {
      const wish = {
        isPlan: plan === true,
        isReconciling: reconcile === true,
        isFirst: first === true,
        acceptsShrink: acceptShrink === true,
        isSameTarget: same !== undefined,
        cause: `${by}, by the console`,
        ...(same && { same }),
      };
      await syncs.start({ sync: name, by, wish }).catch(refuse);
      shared.log.warn({ sync: name, by, ...wish }, "sync run started by an operator");
    },
    act: async (name, { do: act, ...given }, by) => {
      const { count: _, ...asked } = { count: undefined, ...given };
      const answer = await admin.act(name, { ...asked, do: act, by } as AskedAct).catch(refuse);
      if ("busy" in answer) throw new Refusal("conflict", answer.busy);
      if ("wrong" in answer) throw new Refusal("conflict", `Nothing was done: ${answer.wrong}.`);
      return answer;
    },
  };

  /** The account as it is now. */
  async function accountOf(
    name: string,
    to: { readonly route: string; readonly type: string },
    { target: id }: Person,
  ): Promise<{ readonly resource?: Resource; readonly told: SyncPersonPage["account"] }> {
    if (id === null) return { told: { is: "none" } };
    try {
      const resource = await using(name, ({ routes }, signal) =>
        routeTarget(routes.get(to.route)!, to.type, {
          caller: "console",
          operationMs: ACCOUNT_MS,
          signal,
          isLook: true,
        }).read(id),
      );
      return resource ? { resource, told: { is: "read" } } : { told: { is: "gone" } };
    } catch (error) {
      return { told: { is: "unread", error: (error as Error).message } };
    }
  }
}

/** Tells the operator why an act was not done. */
function refuse(error: unknown): never {
  const { message } = error as Error;
  if (error instanceof OtherTargetError) throw new Refusal("conflict", `${message} Reload the page.`, { cause: error });
  if (error instanceof BusyError) throw new Refusal("conflict", message, { cause: error });
  if (error instanceof UnrecordedError) throw new Refusal("unavailable", message, { cause: error });
  throw error;
}

/** What the sync wrote last to an account, what it showed then, and what it has now. Secrets are compared nowhere and shown nowhere. */
function attributesOf(person: Person, { rules, target }: Rules, account: Resource | undefined): SyncAttribute[] {
  const { applied = {}, confirmed = {} } = memoryOf(person);
  return rules.flatMap(({ place, isSecret, when }) => {
    if (isSecret) return [];
    const now = account && valueAt(account, place, target);
    const isChanged =
      account !== undefined && when !== "empty" && place.path in confirmed && !isSameValue(confirmed[place.path], now);
    return [
      {
        name: place.name,
        applied: text(applied[place.path]),
        confirmed: text(confirmed[place.path]),
        ...(account && { now: text(now) }),
        isChanged,
      },
    ];
  });
}
