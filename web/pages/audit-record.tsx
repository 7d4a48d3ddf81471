import type { AuditOne, AuditRecordView } from "../../src/console/api/audit.ts";
import { useLoaded } from "../api.ts";
import { Code } from "../kit/code.tsx";
import { Failure, Loading, Notice } from "../kit/notice.tsx";
import { Page, Panel } from "../kit/page.tsx";
import { Ago } from "../kit/time.tsx";
import { Link } from "../router.tsx";
import { auditTexts as texts } from "../texts/audit.ts";

/** One record, as the log has it. */
export function OneRecord({ seq }: { readonly seq: string }) {
  const { data, error } = useLoaded<AuditOne>(`/audit/records/${seq}`);
  const number = Number(seq);
  const { event = "", time, by, caller, requestId } = data?.record ?? ({} as Partial<AuditRecordView>);
  return (
    <Page
      title={texts.one(seq)}
      tools={
        <>
          {number > 1 && (
            <Link class="button" to={`/audit/${number - 1}`}>
              {texts.olderOne}
            </Link>
          )}
          <Link class="button" to={`/audit/${number + 1}`}>
            {texts.newer}
          </Link>
        </>
      }
    >
      <p>
        <Link to="/audit">{texts.back}</Link>
      </p>
      <Failure error={error} />
      {!data && !error && <Loading />}
      {data && (
        <>
          <Panel title={data.record ? (texts.events[event] ?? event) : texts.damaged}>
            <Notice kind={data.isWhole ? "ok" : "error"}>{wholeness(data)}</Notice>
            {data.record && (
              <dl>
                <dt>{texts.time}</dt>
                <dd>
                  {time} (<Ago at={Date.parse(String(time))} />)
                </dd>
                <dt>{texts.who}</dt>
                <dd>{String(by ?? caller ?? "")}</dd>
              </dl>
            )}
            {typeof requestId === "string" && (
              <p>
                <Link to={`/live/request/${encodeURIComponent(requestId)}`}>{texts.inLive}</Link>
              </p>
            )}
          </Panel>
          <Panel title={texts.raw}>
            <Code text={data.line ?? JSON.stringify(data.record, undefined, 2)} label={texts.rawLabel} />
          </Panel>
        </>
      )}
    </Page>
  );
}

function wholeness({ record, isWhole }: AuditOne): string {
  if (!record) return texts.isDamaged;
  return isWhole ? texts.isWhole : texts.isNotWhole;
}
