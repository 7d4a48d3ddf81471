import type { MappedType, MappingList, TableRow } from "../../src/console/api/mappings.ts";
import { useLoaded } from "../api.ts";
import { Failure, Loading, Notice } from "../kit/notice.tsx";
import { Page, Panel } from "../kit/page.tsx";
import { type Column, Table } from "../kit/table.tsx";
import { Link, usePlace } from "../router.tsx";
import { pageNames } from "../texts/common.ts";
import { mappingsTexts as texts } from "../texts/mappings.ts";
import "../styles/mappings.css";

/** The address of a type's table, or of its playground. */
export const addressOf = ({ route, type }: Pick<MappedType, "route" | "type">, page: "" | "/play" = ""): string =>
  `/mappings${page}?${new URLSearchParams({ route, type })}`;

const isAt = ({ route, type }: MappedType, query: URLSearchParams): boolean =>
  route === query.get("route") && type === query.get("type");

/** All mappings, and the table of the chosen one. */
export function MappingTables() {
  const { data, error } = useLoaded<MappingList>("/mappings");
  const { query } = usePlace();
  const mappings = data?.mappings ?? [];
  const chosen = mappings.find((each) => isAt(each, query)) ?? mappings[0];
  return (
    <Page title={pageNames.mappings} lead={texts.lead}>
      <Failure error={error} />
      {!data && !error && <Loading />}
      {mappings.length > 1 && (
        <Panel title={texts.all}>
          <Table
            caption={texts.all}
            columns={columnsOfAll}
            rows={mappings}
            keyOf={addressOf}
            chosen={chosen && addressOf(chosen)}
          />
        </Panel>
      )}
      {chosen && <MappingTable mapping={chosen} />}
    </Page>
  );
}

const columnsOfAll: readonly Column<MappedType>[] = [
  { name: texts.type, show: (each) => <Link to={addressOf(each)}>{each.type}</Link> },
  { name: texts.route, show: ({ route }) => <code>{route}</code> },
  {
    name: texts.connector,
    show: ({ connector, backend }) => (backend === "" ? connector : `${connector} (${backend})`),
  },
  { name: texts.file, show: ({ file }) => <code>{file}</code>, layout: "grow" },
  { name: texts.rows, show: ({ rows }) => rows?.length ?? "", layout: "end" },
];

function MappingTable({ mapping }: { readonly mapping: MappedType }) {
  const { rows, file, kind, connector } = mapping;
  const tryIt = (
    <Link to={addressOf(mapping, "/play")} class="button primary">
      {texts.tryIt}
      <span class="hidden">: {texts.tryNamed(mapping)}</span>
    </Link>
  );
  return (
    <Panel title={texts.table(mapping)} tools={tryIt}>
      <p class="quiet">
        <code>{file}</code> · {kind} · {connector}
      </p>
      {rows ? (
        <Table caption={texts.table(mapping)} columns={columns} rows={rows} keyOf={({ name }) => name} />
      ) : (
        <Notice kind="error">{texts.mistakes}</Notice>
      )}
    </Panel>
  );
}

const columns: readonly Column<TableRow>[] = [
  { name: texts.attribute, show: ({ name }) => <code>{name}</code> },
  { name: texts.backend, show: ({ backend }) => <code>{backend}</code> },
  { name: texts.use, show: ({ use }) => use, layout: "narrow" },
  { name: texts.filters, show: (row) => <Filters {...row} />, layout: "grow" },
];

function Filters({ use, exact, inPart }: TableRow) {
  if (use === "write") return <span class="quiet">{texts.writeOnly}</span>;
  if (exact.length + inPart.length === 0) return <span class="unanswered">{texts.unanswered}</span>;
  return (
    <>
      <span class="mono">{exact.join(" ")}</span>{" "}
      {inPart.length > 0 && (
        <span class="mono in-part" title={texts.inPartMeans}>
          {texts.inPart(inPart.join(" "))}
        </span>
      )}
    </>
  );
}
