import type { MappedType } from "../../src/console/api/mappings.ts";

/** Texts of the page with the tables of mappings. */
export const mappingsTexts = {
  lead: "Which SCIM attribute is which attribute of the backend, and which filters the backend answers.",
  all: "Resource types and their mappings",
  type: "Type",
  route: "Route",
  connector: "Connector",
  file: "Mapping",
  rows: "Rows",
  tryIt: "Try it",
  tryNamed: ({ type, route }: MappedType) => `Try the mapping of ${type} on ${route}`,
  table: ({ type, route }: MappedType) => `${type} on ${route}`,
  attribute: "SCIM attribute",
  backend: "Backend",
  use: "Use",
  filters: "Filters that the backend answers",
  inPart: (operators: string) => `in part: ${operators}`,
  inPartMeans: "The backend finds more than what matches; Postern evaluates the rest.",
  unanswered: "none: Postern reads and filters",
  writeOnly: "never read",
  mistakes: "This mapping has mistakes. Open the playground to see them.",
} as const;
