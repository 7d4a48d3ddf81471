import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ROOT } from "../gateway.ts";
import { startBambooHr } from "./bamboohr.ts";
import { startHiBob } from "./hibob.ts";
import { startOracleHcm } from "./oracle-hcm.ts";
import { startPersonio } from "./personio.ts";
import type { HrRequest, HrSystem } from "./server.ts";
import { startSuccessFactors } from "./successfactors.ts";
import { startWorkday } from "./workday.ts";

/** An HR system as the tests start it: its stand-in, and the example's configuration in front of it. */
export interface SystemUnderTest {
  /** The folder of the example and of the mapping. */
  readonly folder: string;
  readonly start: () => Promise<HrSystem<unknown>>;
  /** What of the example's credentials the stand-in knows. */
  readonly auth: object;
  /** Somebody of whom nothing is special. */
  readonly person: (n: number) => object;
  /** An answer that lists nobody. */
  readonly nobody: unknown;
  /** A page that lists nobody, in a list that is as long as before. */
  readonly emptyPage?: unknown;
  /** Whether a request asks for the list. */
  readonly isList: (request: HrRequest) => boolean;
  /** Whether it comes in pages. */
  readonly isPaged: boolean;
}

const name = (n: number) => `name${String(n).padStart(3, "0")}`;

export const systems: Record<string, SystemUnderTest> = {
  Workday: {
    folder: "workday",
    start: startWorkday,
    auth: { password: "secret" },
    person: (n) => ({ Employee_ID: String(1000 + n), Active: "1", Legal_First_Name: "Ann", Legal_Last_Name: name(n) }),
    nobody: { Report_Entry: [] },
    isList: () => true,
    isPaged: false,
  },
  SuccessFactors: {
    folder: "successfactors",
    start: startSuccessFactors,
    auth: { password: "secret" },
    person: (n) => ({
      personIdExternal: String(1000 + n),
      personalInfoNav: [{ firstName: "Ann", lastName: name(n) }],
      emailNav: [],
      phoneNav: [],
      employmentNav: [
        {
          userId: String(1000 + n),
          startDate: "/Date(1577836800000)/",
          jobInfoNav: [{ startDate: "/Date(1577836800000)/", emplStatusNav: { externalCode: "A" } }],
        },
      ],
    }),
    nobody: { d: { results: [], __count: "0" } },
    emptyPage: { d: { results: [], __count: "45" } },
    isList: ({ path }) => path.endsWith("/PerPerson"),
    isPaged: true,
  },
  "Oracle HCM": {
    folder: "oracle-hcm",
    start: startOracleHcm,
    auth: { password: "secret" },
    person: (n) => ({
      PersonNumber: String(1000 + n),
      names: [{ FirstName: "Ann", LastName: name(n) }],
      workRelationships: [
        {
          PeriodOfServiceId: n,
          WorkerType: "E",
          StartDate: "2020-01-01",
          assignments: [{ AssignmentStatusType: "ACTIVE" }],
        },
      ],
    }),
    nobody: { items: [], count: 0, hasMore: false, totalResults: 0 },
    emptyPage: { items: [], count: 0, hasMore: false, totalResults: 45 },
    isList: ({ query }) => !query.has("q"),
    isPaged: true,
  },
  BambooHR: {
    folder: "bamboohr",
    start: startBambooHr,
    auth: { username: "the-api-key-of-tests" },
    person: (n) => ({
      id: String(1000 + n),
      firstName: "Ann",
      lastName: name(n),
      status: "Active",
      hireDate: "2020-01-01",
    }),
    nobody: { title: "Postern", fields: [], employees: [] },
    isList: () => true,
    isPaged: false,
  },
  Personio: {
    folder: "personio",
    start: startPersonio,
    auth: { body: { client_id: "papi-tests", client_secret: "the-secret-of-tests" } },
    person: (n) => ({ id: 1000 + n, first_name: "Ann", last_name: name(n), status: "active" }),
    nobody: { success: true, metadata: { total_elements: 0 }, data: [] },
    emptyPage: { success: true, metadata: { total_elements: 45 }, data: [] },
    isList: ({ path }) => path.endsWith("/employees"),
    isPaged: true,
  },
  HiBob: {
    folder: "hibob",
    start: startHiBob,
    auth: { username: "SERVICE-1", password: "the-token-of-tests" },
    person: (n) => ({
      "root.id": String(1000 + n),
      "root.firstName": "Ann",
      "root.surname": name(n),
      "internal.status": "Active",
      "work.startDate": "2020-01-01",
    }),
    nobody: { employees: [] },
    isList: () => true,
    isPaged: false,
  },
};

/** The example's configuration, in front of a stand-in. */
export function configOf({ folder, auth }: SystemUnderTest, url: string, more: object = {}) {
  const example = parse(readFileSync(join(ROOT, `examples/${folder}/gateway.config.yaml`), "utf8")) as {
    connectors: Record<string, { url: string; auth: object; kinds: object }>;
  };
  const [[name, connector]] = Object.entries(example.connectors) as [[string, (typeof example.connectors)[string]]];
  const moved = { ...connector, url: url + new URL(connector.url).pathname, auth: { ...connector.auth, ...auth } };
  return {
    connectors: { [name]: { ...moved, ...more } },
    routes: { "/hr": { User: { connector: name, mapping: join(ROOT, `mappings/${folder}/user.yaml`) } } },
  };
}
