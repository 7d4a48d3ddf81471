import { useState } from "preact/hooks";
import type { Changes, ConfigurationInForce, ReloadAnswer } from "../../src/console/api/configuration.ts";
import { ApiError, post, useLoaded } from "../api.ts";
import { useMe } from "../app.tsx";
import { Code } from "../kit/code.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Diff } from "../kit/diff.tsx";
import { Choice } from "../kit/field.tsx";
import { Mistake } from "../kit/mistake.tsx";
import { Empty, Failure, Loading, Notice } from "../kit/notice.tsx";
import { Page, Panel } from "../kit/page.tsx";
import { Ago } from "../kit/time.tsx";
import { common, pageNames } from "../texts/common.ts";
import { configurationTexts as texts } from "../texts/configuration.ts";
import "../styles/configuration.css";

/** The configuration in force, and what a reload would change. */
export default function ConfigurationPage() {
  const inForce = useLoaded<ConfigurationInForce>("/configuration", { every: 30_000 });
  const changes = useLoaded<Changes>("/configuration/changes");
  const [isAsking, setAsking] = useState(false);
  const [answer, setAnswer] = useState<ReloadAnswer>();
  const again = () => {
    inForce.reload();
    changes.reload();
  };
  return (
    <Page title={pageNames.configuration} lead={texts.lead}>
      {answer?.isTaken && (
        <Notice kind="ok">
          {texts.reload.taken} {answer.needRestart.length > 0 && texts.changes.restart(answer.needRestart)}
        </Notice>
      )}
      {answer?.isTaken === false && <Notice kind="error">{texts.reload.refused(answer.reason)}</Notice>}
      {!answer && inForce.data?.refused && (
        <Notice kind="warning">
          {texts.refused} <Ago at={inForce.data.refused.at} />: {inForce.data.refused.reason}
        </Notice>
      )}
      <Panel
        title={texts.changes.title}
        tools={
          <>
            <button type="button" onClick={again}>
              {texts.changes.again}
            </button>
            <ReloadButton changes={changes.data} onClick={() => setAsking(true)} />
          </>
        }
      >
        <Failure error={changes.error} />
        {!changes.data && !changes.error && <Loading />}
        {changes.data && <ChangesShown changes={changes.data} />}
      </Panel>
      <Failure error={inForce.error} />
      {inForce.data && <InForce configuration={inForce.data} />}
      {isAsking && changes.data && (
        <Confirm
          changes={changes.data}
          onClose={() => setAsking(false)}
          onAnswer={(given) => {
            setAsking(false);
            setAnswer(given);
            again();
          }}
        />
      )}
    </Page>
  );
}

function ReloadButton({ changes, onClick }: { readonly changes: Changes | undefined; readonly onClick: () => void }) {
  const { role } = useMe();
  const isViewer = role !== "operator";
  return (
    <button
      type="button"
      class="primary"
      disabled={isViewer || !changes || changes.isRefused}
      title={isViewer ? common.viewerOnly : undefined}
      onClick={onClick}
    >
      {texts.reload.act}
    </button>
  );
}

function ChangesShown({ changes }: { readonly changes: Changes }) {
  const { changes: words } = texts;
  const { isRefused, mistakes, changed, loosened, needRestart } = changes;
  return (
    <>
      {isRefused && <Notice kind="error">{words.refused}</Notice>}
      {loosened.length > 0 && (
        <div>
          <p>{words.loosened}</p>
          <ul>
            {loosened.map((each) => (
              <li key={each} class="mono">
                {each}
              </li>
            ))}
          </ul>
        </div>
      )}
      {mistakes.length > 0 && (
        <>
          <h3>{words.mistakes}</h3>
          {mistakes.map((each) => (
            <Mistake key={`${each.file}:${each.line}:${each.column} ${each.message}`} mistake={each} />
          ))}
        </>
      )}
      {needRestart.length > 0 && <Notice kind="info">{words.restart(needRestart)}</Notice>}
      <Files changed={changed} />
      {!isRefused && changed.length === 0 && <Empty>{words.none}</Empty>}
    </>
  );
}

const Files = ({ changed }: Pick<Changes, "changed">) => (
  <>
    {changed.map(({ name, before, after }) => (
      <div key={name} class="changed-file">
        <h3 class="mono">{name}</h3>
        <Diff label={texts.changes.file(name)} before={before} after={after} words={texts.changes} />
      </div>
    ))}
  </>
);

function InForce({ configuration }: { readonly configuration: ConfigurationInForce }) {
  const [view, setView] = useState<"written" | "whole">("written");
  const { files, builtIn, at } = configuration;
  const tools = (
    <Choice
      label={texts.view}
      value={view}
      options={[
        ["written", texts.views.written],
        ["whole", texts.views.whole],
      ]}
      onChange={(chosen) => setView(chosen === "whole" ? "whole" : "written")}
    />
  );
  return (
    <Panel title={texts.inForce} tools={tools}>
      <dl>
        <dt>{texts.read}</dt>
        <dd>
          <Ago at={at} />
        </dd>
        <dt>{texts.files}</dt>
        <dd>
          <Names names={files} />
        </dd>
        {builtIn.length > 0 && (
          <>
            <dt>{texts.builtIn}</dt>
            <dd>
              <Names names={builtIn} />
            </dd>
          </>
        )}
      </dl>
      <Code text={configuration[view]} label={texts.yaml} />
    </Panel>
  );
}

const Names = ({ names }: { readonly names: readonly string[] }) => (
  <ul class="plain-list mono">
    {names.map((each) => (
      <li key={each}>{each}</li>
    ))}
  </ul>
);

interface ConfirmProps {
  readonly changes: Changes;
  readonly onClose: () => void;
  readonly onAnswer: (answer: ReloadAnswer) => void;
}

function Confirm({ changes, onClose, onAnswer }: ConfirmProps) {
  const { reload: words } = texts;
  const [isWorking, setWorking] = useState(false);
  const [error, setError] = useState<ApiError>();
  const confirm = async () => {
    setWorking(true);
    try {
      onAnswer(await post<ReloadAnswer>("/configuration/reload", { seal: changes.seal }));
    } catch (caught) {
      setError(caught instanceof ApiError ? caught : new ApiError(500, String(caught)));
      setWorking(false);
    }
  };
  return (
    <Dialog title={words.title} isBusy={isWorking} onClose={onClose}>
      <p>{changes.changed.length > 0 ? words.ask : words.nothing}</p>
      {changes.needRestart.length > 0 && <p>{texts.changes.restart(changes.needRestart)}</p>}
      <div class="changes-scroll">
        <Files changed={changes.changed} />
      </div>
      <Failure error={error} />
      <div class="tools">
        <button type="button" class="primary" disabled={isWorking} onClick={confirm}>
          {isWorking ? words.working : words.confirm}
        </button>
      </div>
    </Dialog>
  );
}
