import type { ComponentType } from "preact";
import { pageNames } from "./texts/common.ts";

/** A page is handed what its address says behind its own path, such as an id. */
export interface PageProps {
  readonly rest: string;
}

/** A page of the console: where it is, its name in the menu, and its code, which is loaded when it is first opened. */
export interface PageEntry {
  readonly path: string;
  readonly name: string;
  /** Whether the menu has it for operators alone. */
  readonly isForOperators?: true;
  readonly load: () => Promise<{ readonly default: ComponentType<PageProps> }>;
}

/** The pages, in the menu's order. */
export const pages: readonly PageEntry[] = [
  { path: "/", name: pageNames.overview, load: () => import("./pages/overview.tsx") },
  { path: "/live", name: pageNames.live, load: () => import("./pages/live.tsx") },
  { path: "/people", name: pageNames.people, load: () => import("./pages/people.tsx") },
  { path: "/mappings", name: pageNames.mappings, load: () => import("./pages/mappings.tsx") },
  { path: "/connectors", name: pageNames.connectors, load: () => import("./pages/connectors.tsx") },
  { path: "/guard", name: pageNames.guard, load: () => import("./pages/guard.tsx") },
  { path: "/syncs", name: pageNames.syncs, load: () => import("./pages/syncs.tsx") },
  { path: "/audit", name: pageNames.audit, load: () => import("./pages/audit.tsx") },
  { path: "/configuration", name: pageNames.configuration, load: () => import("./pages/configuration.tsx") },
  { path: "/sessions", name: pageNames.sessions, isForOperators: true, load: () => import("./pages/sessions.tsx") },
];
