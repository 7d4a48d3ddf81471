import type { SyncMoved } from "../../src/console/api/syncs.ts";
import { Notice } from "../kit/notice.tsx";
import { Ago } from "../kit/time.tsx";
import { setQuery } from "../router.tsx";
import { syncsTexts as texts } from "../texts/syncs.ts";

interface MovedProps {
  readonly moved: SyncMoved;
  readonly isOperator: boolean;
  readonly onPlan: () => void;
  readonly onSame: () => void;
}

/** A sync writes another target than before. If it is the same one under another address, somebody says so, and looks at the plan before. */
export function Moved({ moved: { from, to, plan }, isOperator, onPlan, onSame }: MovedProps) {
  return (
    <Notice kind="warning">
      <p class="strong">{texts.moved}</p>
      <dl>
        <dt>{texts.movedFrom}</dt>
        <dd class="mono">{from}</dd>
        <dt>{texts.movedTo}</dt>
        <dd class="mono">{to}</dd>
      </dl>
      <p>{texts.movedMeans}</p>
      {plan && (
        <p>
          {texts.planned(plan.changes)} {texts.plannedAt} <Ago at={plan.run.ended ?? plan.run.started} />.
        </p>
      )}
      <div class="tools">
        {plan && plan.changes.length > 0 && (
          <button type="button" onClick={() => setQuery({ show: "same", find: undefined })}>
            {texts.show}
          </button>
        )}
        {isOperator && (
          <button type="button" onClick={onPlan}>
            {texts.planSame} …
          </button>
        )}
        {isOperator && plan && (
          <button type="button" onClick={onSame}>
            {texts.same} …
          </button>
        )}
      </div>
    </Notice>
  );
}
