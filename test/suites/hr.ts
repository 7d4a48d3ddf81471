import { send } from "../clients/replay.ts";
import { startBefore, type TestGateway } from "../servers/gateway.ts";
import { configOf, type SystemUnderTest } from "../servers/hr/systems.ts";

/** The schema of what HR systems know of people, mappings/hr/hr.types.yaml. */
export const HR = "urn:ietf:params:scim:schemas:extension:postern:hr:2.0:User";
export const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/** Starts an HR system with people in it, and the gateway before it. */
export async function beginHr(
  system: SystemUnderTest,
  people: readonly object[],
  more?: object,
  prepare: (hr: Awaited<ReturnType<SystemUnderTest["start"]>>) => void = () => {},
) {
  const hr = await system.start();
  (hr.people as object[]).push(...people);
  prepare(hr);
  const gateway = await startBefore(hr, configOf(system, hr.url, more));
  return { hr, gateway };
}

/** Whole numbers from 0. */
export const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

/** What a listing gave until it ended or failed. */
export interface Listed {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into resources of every shape
  readonly people: any[];
  readonly detail?: string;
  readonly total?: number;
}

/** Reads the whole list by cursor, until it ends or fails. */
export async function listAll(gateway: TestGateway, count = 7): Promise<Listed> {
  const people = [];
  let cursor: string | undefined = "";
  let total: number | undefined;
  while (cursor !== undefined) {
    const { status, json } = await send(gateway, "GET", `/Users?count=${count}&cursor=${encodeURIComponent(cursor)}`);
    if (status !== 200) return { status, people, detail: json?.detail };
    people.push(...(json.Resources ?? []));
    total = json.totalResults;
    cursor = json.nextCursor;
  }
  return { status: 200, people, ...(total !== undefined && { total }) };
}

/** A person by the id. */
export const one = async (gateway: TestGateway, id: string) => (await send(gateway, "GET", `/Users/${id}`)).json;
