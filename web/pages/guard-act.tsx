import { useState } from "preact/hooks";
import type { GuardBackend, GuardedType, GuardGroup, GuardSeen, GuardStopped } from "../../src/console/api/guard.ts";
import type { Pace } from "../../src/console/api/pace.ts";
import { ActDialog } from "../kit/act-dialog.tsx";
import { guardTexts as texts } from "../texts/guard.ts";
import { placeName } from "./guard-who.tsx";

/** What is about to be confirmed. */
export interface Asked {
  readonly act: "release" | "dismiss";
  /** The chosen changes; undefined for all that are shown. */
  readonly chosen?: readonly GuardStopped[];
  /** All that is shown. */
  readonly seen: GuardSeen;
}

interface GuardActProps {
  readonly asked: Asked;
  readonly route: string;
  readonly types: readonly GuardedType[];
  readonly pace: Pace;
  /** Does it to some changes, or to all that were seen. */
  readonly onAct: (picked: readonly GuardStopped[] | undefined, reason: string) => Promise<void>;
  readonly onClose: () => void;
}

/** Says whom a release or a dismissal concerns, by name, and what it does; lets some be left out. */
export function GuardActDialog({ asked, route, types, pace, onAct, onClose }: GuardActProps) {
  const { act, chosen, seen } = asked;
  const listed = chosen ?? seen.some;
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const picked = listed.filter((row) => !left.has(placeName(row)));
  const all = seen.groups.reduce((sum, { count }) => sum + count, 0);
  // Whoever leaves out one of those that are listed means the others that are listed, and no more.
  const isAll = !chosen && left.size === 0;
  const groups = isAll ? seen.groups : groupsOf(picked);
  const count = isAll ? all : picked.length;
  const told = groups.map((group) => ({
    ...group,
    backend: backendOf(types, group.type),
    total: seen.totals[group.type],
  }));
  const one = picked.length === 1 && count === 1 ? picked[0]!.display : undefined;
  const isMixed = new Set(listed.map(({ type, danger }) => `${type} ${danger}`)).size > 1;
  const tick = (name: string, is: boolean) => {
    const next = new Set(left);
    is ? next.delete(name) : next.add(name);
    setLeft(next);
  };
  return (
    <ActDialog
      title={act === "release" ? texts.releaseTitle : texts.dismissTitle}
      action={act === "release" ? texts.release : texts.dismiss}
      isDangerous={act === "release"}
      isEmpty={count === 0}
      reason={texts.reason}
      onAct={(reason) => onAct(isAll ? undefined : picked, reason)}
      onClose={onClose}
    >
      <p class="strong">
        {count === 0
          ? texts.nobody
          : act === "release"
            ? texts.willHappen(told, route, one)
            : texts.willNotHappen(told)}
      </p>
      <ul class="guard-groups quiet">
        {told.map((group) => (
          <li key={`${group.type} ${group.danger} ${group.caller} ${group.first}`}>{texts.group(group)}</li>
        ))}
      </ul>
      <fieldset class="guard-people">
        <legend>{texts.whom}</legend>
        {listed.map((row) => (
          <label key={placeName(row)}>
            <input
              type="checkbox"
              checked={!left.has(placeName(row))}
              onChange={(event) => tick(placeName(row), event.currentTarget.checked)}
            />
            {isMixed ? texts.namedWithChange(row) : texts.named(row)}
          </label>
        ))}
        {isAll && all > listed.length && <p class="quiet">{texts.more(all - listed.length)}</p>}
      </fieldset>
      <ul>
        {(act === "release" ? texts.releaseMeans(told, all - count, pace) : texts.dismissMeans(told)).map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
    </ActDialog>
  );
}

const backendOf = (types: readonly GuardedType[], type: string): GuardBackend =>
  types.find((each) => each.type === type)?.backend ?? { name: "", type: "" };

/** Chosen changes by type and client. */
function groupsOf(rows: readonly GuardStopped[]): GuardGroup[] {
  const groups = new Map<string, GuardGroup>();
  for (const { type, danger, caller, since } of rows) {
    const name = JSON.stringify([type, danger, caller]);
    const { count, first, last } = groups.get(name) ?? { count: 0, first: since, last: since };
    groups.set(name, {
      type,
      danger,
      caller,
      count: count + 1,
      first: Math.min(first, since),
      last: Math.max(last, since),
    });
  }
  return [...groups.values()];
}
