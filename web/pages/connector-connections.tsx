import type { ConnectorDetails } from "../../src/console/api/connectors.ts";
import { Badge } from "../kit/badge.tsx";
import { Empty } from "../kit/notice.tsx";
import { Panel } from "../kit/page.tsx";
import { Table } from "../kit/table.tsx";
import { Ago } from "../kit/time.tsx";
import { connectorTexts } from "../texts/connectors.ts";

const { connections: texts } = connectorTexts;
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });
/** How long before its end a certificate is marked, in milliseconds. */
const SOON_MS = 30 * 24 * 3_600_000;

interface Props {
  readonly connector: Pick<ConnectorDetails, "pools" | "peers">;
}

/** The pools of a connector's driver, and the certificates that its servers showed. */
export const Connections = ({ connector }: Props) => (
  <Panel title={texts.title}>
    {connector.pools.length === 0 && connector.peers.length === 0 ? (
      <Empty>{texts.none}</Empty>
    ) : (
      <>
        <p class="quiet">{texts.hint}</p>
        <Pools connector={connector} />
        <Peers connector={connector} />
      </>
    )}
  </Panel>
);

const Pools = ({ connector: { pools } }: Props) => (
  <Table
    caption={texts.pools}
    rows={pools}
    keyOf={({ name }) => name}
    columns={[
      { name: texts.pool, layout: "grow", show: ({ name }) => name },
      { name: texts.open, layout: "end", show: ({ open, limit }) => texts.of(open, limit) },
      { name: texts.idle, layout: "end", show: ({ idle }) => idle },
      { name: texts.waiting, layout: "end", show: ({ waiting }) => waiting },
    ]}
  />
);

const Peers = ({ connector: { peers } }: Props) =>
  peers.length === 0 ? (
    <p class="quiet">{texts.noPeers}</p>
  ) : (
    <Table
      caption={texts.peers}
      rows={peers}
      keyOf={({ address }) => address}
      columns={[
        { name: texts.address, show: ({ address }) => address },
        { name: texts.subject, layout: "grow", show: ({ subject }) => subject },
        { name: texts.issuer, layout: "grow", show: ({ issuer }) => issuer },
        {
          name: texts.until,
          layout: "narrow",
          show: ({ until }) => (
            <>
              {day.format(until)} <Ending until={until} />
            </>
          ),
        },
        { name: texts.seen, layout: "narrow", show: ({ seen }) => <Ago at={seen} /> },
      ]}
    />
  );

function Ending({ until }: { readonly until: number }) {
  const left = until - Date.now();
  if (left > SOON_MS) return null;
  return <Badge tone={left < 0 ? "bad" : "warn"}>{left < 0 ? texts.over : texts.soon}</Badge>;
}
