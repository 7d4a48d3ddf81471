import { useState } from "preact/hooks";
import type { AuditOverview, AuditQuestions } from "../../src/console/api/audit.ts";
import { type ApiError, post, useLoaded } from "../api.ts";
import { useMe } from "../app.tsx";
import { Code } from "../kit/code.tsx";
import { Field } from "../kit/field.tsx";
import { Failure, Loading, Notice } from "../kit/notice.tsx";
import { Page, Panel } from "../kit/page.tsx";
import { Ago } from "../kit/time.tsx";
import type { PageProps } from "../pages.ts";
import { Link } from "../router.tsx";
import { auditTexts as texts } from "../texts/audit.ts";
import { common, pageNames } from "../texts/common.ts";
import { OneRecord } from "./audit-record.tsx";
import { Records } from "./audit-records.tsx";
import "../styles/audit.css";

/** The audit log: whether it is whole, and what is in it; or one record. */
export default function Audit({ rest }: PageProps) {
  return /^\d+$/.test(rest) ? <OneRecord key={rest} seq={rest} /> : <Whole />;
}

function Whole() {
  const [isQuick, setQuick] = useState(false);
  const { data, error, reload } = useLoaded<AuditOverview>("/audit", { every: isQuick ? 500 : 10_000 });
  const isRunning = data?.verification.is === "running";
  if (data && isQuick !== isRunning) setQuick(isRunning);
  return (
    <Page title={pageNames.audit} lead={texts.lead}>
      <Failure error={error} />
      {!data && !error && <Loading />}
      {data?.why === "none" && (
        <Panel title={texts.none}>
          <p>{texts.noneHelp}</p>
          <Code text={texts.noneCode} label={texts.noneLabel} />
        </Panel>
      )}
      {data?.why === "elsewhere" && <Notice kind="info">{texts.elsewhere(data.sink ?? "")}</Notice>}
      {data?.log && (
        <>
          <Verification data={data} onStarted={reload} />
          <Records />
        </>
      )}
    </Page>
  );
}

function Verification({ data, onStarted }: { readonly data: AuditOverview; readonly onStarted: () => void }) {
  const [first, setFirst] = useState("");
  const [last, setLast] = useState("");
  const [failure, setFailure] = useState<ApiError>();
  const { log, verification } = data;
  const isViewer = useMe().role !== "operator";
  const verify = async () => {
    setFailure(undefined);
    const known = { ...(first.trim() && { first: first.trim() }), ...(last.trim() && { last: last.trim() }) };
    await post("/audit/verify", known).catch((reason: ApiError) => setFailure(reason));
    onStarted();
  };
  return (
    <Panel
      title={texts.verification}
      tools={
        <button type="button" class="primary" disabled={isViewer || verification.is === "running"} onClick={verify}>
          {texts.verify}
        </button>
      }
    >
      <p class="quiet">
        {texts.file(log!)} {log!.isKeyed ? texts.keyed : texts.unkeyed} {log!.isAnchored && texts.anchored}
      </p>
      {isViewer && <p class="quiet">{common.viewerOnly}</p>}
      <Failure error={failure} />
      <Result verification={verification} />
      <details>
        <summary>{texts.options}</summary>
        <div class="known">
          <Field label={texts.first} value={first} onInput={setFirst} />
          <Field label={texts.last} value={last} onInput={setLast} />
        </div>
      </details>
    </Panel>
  );
}

function Result({ verification }: Pick<AuditOverview, "verification">) {
  switch (verification.is) {
    case "none":
      return <p class="quiet">{texts.notYet}</p>;
    case "running": {
      const { records, bytes, total } = verification;
      return (
        <div role="status" class="verifying">
          <progress max={Math.max(1, total)} value={bytes} aria-label={texts.progress} />
          <p>{texts.running(records, bytes, total)}</p>
        </div>
      );
    }
    case "failed":
      return <Notice kind="error">{texts.failed(verification.error)}</Notice>;
    case "broken":
      return (
        <Notice kind="error">
          <p class="strong">{texts.broken(verification.place, verification.problem)}</p>
          <p>
            {texts.brokenHelp} {texts.verified(verification.by)} <Ago at={verification.ended} />.
          </p>
        </Notice>
      );
    case "unconfirmed":
      return (
        <Notice kind="warning">
          <p class="strong">{texts.unconfirmed(verification.last)}</p>
          <p>
            {texts.unconfirmedHelp} {texts.verified(verification.by)} <Ago at={verification.ended} />.
          </p>
        </Notice>
      );
    case "whole":
      return (
        <>
          <Notice kind="ok">
            {texts.whole(verification.records, verification.first, verification.last)} {texts.verified(verification.by)}{" "}
            <Ago at={verification.ended} />.
          </Notice>
          <Questions title={texts.questions(verification.questions.count)} of={verification.questions} />
          <Questions title={texts.notes(verification.notes.count)} of={verification.notes} />
          <p class="quiet">{texts.lastHash}</p>
          <Code text={verification.hash} label={texts.hashLabel} />
        </>
      );
  }
}

function Questions({ title, of: { count, some } }: { readonly title: string; readonly of: AuditQuestions }) {
  if (count === 0) return null;
  return (
    <Notice kind="warning">
      <p>{title}</p>
      <ul>
        {some.map(({ seq, about }) => (
          <li key={seq}>
            <Link to={`/audit/${seq}`}>
              {texts.record} {seq}
            </Link>
            : {about}
          </li>
        ))}
      </ul>
    </Notice>
  );
}
