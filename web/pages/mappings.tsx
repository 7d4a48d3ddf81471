import { lazy } from "../kit/lazy.tsx";
import type { PageProps } from "../pages.ts";
import { MappingTables } from "../play/tables.tsx";

const Playground = lazy(() => import("./playground.tsx"));

/** The tables of mappings; behind `/play`, the playground. */
export default function Mappings({ rest }: PageProps) {
  return rest === "play" ? <Playground rest="" /> : <MappingTables />;
}
