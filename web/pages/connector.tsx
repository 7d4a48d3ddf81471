import { useState } from "preact/hooks";
import type { ConnectorDetails, Found, Probed } from "../../src/console/api/connectors.ts";
import { ApiError, post, useLoaded } from "../api.ts";
import { Badge } from "../kit/badge.tsx";
import { BreakerBadge, StateBadge } from "../kit/health.tsx";
import { Empty, Failure, Loading, Notice } from "../kit/notice.tsx";
import { Page, Panel } from "../kit/page.tsx";
import { Table } from "../kit/table.tsx";
import { Ago, duration } from "../kit/time.tsx";
import { Link } from "../router.tsx";
import { connectorTexts as texts } from "../texts/connectors.ts";
import { Connections } from "./connector-connections.tsx";
import "../styles/connectors.css";

/** One connector: what it is, how it does, and what its backend says. */
export function ConnectorDetailsPage({ name }: { readonly name: string }) {
  const path = `/connectors/${encodeURIComponent(name)}`;
  const { data, error, reload } = useLoaded<ConnectorDetails>(path, { every: 5000 });
  const probe = useAct<Probed>(`${path}/probe`, reload);
  const tools = (
    <button type="button" class="primary" disabled={probe.isRunning} onClick={probe.run}>
      {probe.isRunning ? texts.probing : texts.probe}
    </button>
  );
  return (
    <>
      <p>
        <Link to="/connectors">{texts.back}</Link>
      </p>
      <Page title={name} tools={data && tools}>
        <Failure error={error ?? probe.error} />
        {!data && !error && <Loading />}
        {probe.answer && (
          <Notice kind={probe.answer.isThere ? "ok" : "error"}>
            {(probe.answer.isThere ? texts.answered : texts.silent)(duration(probe.answer.ms))} {probe.answer.says}
          </Notice>
        )}
        {data && (
          <>
            <Facts connector={data} />
            <Connections connector={data} />
            <Operations connector={data} />
            <Checked connector={data} path={`${path}/check`} />
            <SlowCalls connector={data} />
            <Breakers connector={data} />
          </>
        )}
      </Page>
    </>
  );
}

/** An act on the connector, and its answer. */
function useAct<Answer>(path: string, done: () => void) {
  const [state, setState] = useState<{ isRunning: boolean; answer?: Answer; error?: ApiError }>({ isRunning: false });
  const run = async () => {
    setState({ isRunning: true });
    try {
      setState({ isRunning: false, answer: await post<Answer>(path) });
      done();
    } catch (error) {
      setState({ isRunning: false, error: error instanceof ApiError ? error : new ApiError(500, String(error)) });
    }
  };
  return { ...state, run };
}

interface PartProps {
  readonly connector: ConnectorDetails;
}

function Facts({ connector }: PartProps) {
  const { facts } = texts;
  const { type, address, state, since, failure, load, kinds, usedBy } = connector;
  return (
    <Panel title={facts.title}>
      <dl>
        <dt>{facts.state}</dt>
        <dd>
          <StateBadge state={state} /> {since && <Ago at={since} />}
        </dd>
        <dt>{texts.columns.breaker}</dt>
        <dd>
          <BreakerBadge health={connector} />
        </dd>
        <dt>{facts.failure}</dt>
        <dd>
          {failure ? (
            <>
              {failure.reason} <span class="quiet">{<Ago at={failure.at} />}</span>
            </>
          ) : (
            facts.none
          )}
        </dd>
        <dt>{facts.type}</dt>
        <dd>{type}</dd>
        {address && (
          <>
            <dt>{facts.address}</dt>
            <dd class="mono">{address}</dd>
          </>
        )}
        <dt>{facts.load}</dt>
        <dd>{facts.of(load.running, load.maxRunning)}</dd>
        <dt>{facts.waiting}</dt>
        <dd>{facts.of(load.waiting, load.maxWaiting)}</dd>
        <dt>{facts.kinds}</dt>
        <dd>{kinds.map(({ name, key }) => facts.key(name, key)).join("; ")}</dd>
        <dt>{facts.usedBy}</dt>
        <dd>{usedBy.map((each) => facts.use(each.route, each.type, each.kind)).join("; ") || facts.nobody}</dd>
      </dl>
    </Panel>
  );
}

const shown = (ms: number | null) => (ms === null ? "–" : duration(ms));

function Operations({ connector: { operations } }: PartProps) {
  const { operations: words } = texts;
  return (
    <Panel title={words.title}>
      {operations.length === 0 ? (
        <Empty>{words.none}</Empty>
      ) : (
        <Table
          caption={words.title}
          rows={operations}
          keyOf={({ operation }) => operation}
          columns={[
            { name: words.operation, layout: "grow", show: ({ operation }) => operation },
            { name: words.count, layout: "end", show: ({ count }) => count },
            { name: words.failures, layout: "end", show: ({ failures }) => failures },
            { name: words.p50, layout: "end", show: ({ p50 }) => shown(p50) },
            { name: words.p95, layout: "end", show: ({ p95 }) => shown(p95) },
            { name: words.p99, layout: "end", show: ({ p99 }) => shown(p99) },
          ]}
        />
      )}
    </Panel>
  );
}

const FOUND_TONES = { ok: "good", missing: "bad", slow: "warn", unknown: "plain" } as const;

function Checked({ connector, path }: PartProps & { readonly path: string }) {
  const { check: words } = texts;
  const check = useAct<Found>(path, () => {});
  const found = check.answer ?? connector.found;
  const tools = (
    <button type="button" disabled={check.isRunning} onClick={check.run}>
      {check.isRunning ? words.running : words.run}
    </button>
  );
  return (
    <Panel title={words.title} tools={tools}>
      <p class="quiet">{words.hint}</p>
      <Failure error={check.error} />
      {found && (
        <p role="status">
          {found.says} <span class="quiet">{<Ago at={found.at} />}</span>
        </p>
      )}
      {found?.isThere && found.findings.length === 0 && <Empty>{words.none}</Empty>}
      {found && found.findings.length > 0 && (
        <Table
          caption={words.caption}
          rows={found.findings}
          keyOf={({ text }) => text}
          columns={[
            {
              name: words.state,
              layout: "narrow",
              show: ({ state }) => <Badge tone={FOUND_TONES[state]}>{words.states[state]}</Badge>,
            },
            { name: words.text, layout: "grow", show: ({ text }) => text },
          ]}
        />
      )}
    </Panel>
  );
}

function SlowCalls({ connector: { slow, slowMs } }: PartProps) {
  const { slow: words } = texts;
  const limit = duration(slowMs);
  return (
    <Panel title={words.title}>
      {slow.length === 0 ? (
        <Empty>{words.none(limit)}</Empty>
      ) : (
        <>
          <p class="quiet">{words.hint(limit)}</p>
          <Table
            caption={words.title}
            rows={slow}
            keyOf={({ at, operation, ms, kind }) => `${at} ${operation} ${kind} ${ms}`}
            columns={[
              { name: words.when, layout: "narrow", show: ({ at }) => <Ago at={at} /> },
              { name: words.operation, show: ({ operation, kind }) => words.what(operation, kind) },
              { name: words.ms, layout: "end", show: ({ ms }) => duration(ms) },
              {
                name: words.result,
                layout: "narrow",
                show: ({ result }) => <Badge tone={result === "ok" ? "plain" : "bad"}>{result}</Badge>,
              },
              {
                name: words.asked,
                layout: "grow",
                show: ({ native }) =>
                  native === undefined ? (
                    "–"
                  ) : (
                    <details class="native">
                      <summary>{words.show}</summary>
                      <pre>{native}</pre>
                    </details>
                  ),
              },
            ]}
          />
        </>
      )}
    </Panel>
  );
}

const CHANGE_TONES = { closed: "good", open: "bad", halfOpen: "warn" } as const;

function Breakers({ connector: { breakers } }: PartProps) {
  const { breaker: words } = texts;
  return (
    <Panel title={words.title}>
      {breakers.length === 0 ? (
        <Empty>{words.none}</Empty>
      ) : (
        <Table
          caption={words.title}
          rows={breakers}
          keyOf={({ at, state, isListings }) => `${at} ${state} ${isListings}`}
          columns={[
            { name: words.when, layout: "narrow", show: ({ at }) => <Ago at={at} /> },
            { name: words.which, show: ({ isListings }) => (isListings ? words.listings : words.calls) },
            {
              name: words.state,
              layout: "grow",
              show: ({ state }) => <Badge tone={CHANGE_TONES[state]}>{words.states[state]}</Badge>,
            },
          ]}
        />
      )}
    </Panel>
  );
}
