import { isUser, startHr } from "./server.ts";

/** An employee: fields by their names. */
export type Employee = Readonly<Record<string, string | null>> & { readonly id: string };

/**
 * BambooHR's custom report: the API key as the user, XML unless JSON is accepted, those who start in the future only where
 * `onlyCurrent=false`, and just the fields that are asked for.
 */
export const startBambooHr = () =>
  startHr<Employee>((request, people) => {
    const { method, path, query, headers, body } = request;
    if (!isUser(request, "the-api-key-of-tests")) return { status: 401, body: "" };
    if (method !== "POST" || path !== "/api/gateway.php/example/v1/reports/custom") return { status: 404, body: "" };
    if (headers.accept !== "application/json") return { body: "<report/>" };
    const { title, fields } = JSON.parse(body) as { title: string; fields: string[] };
    const today = new Date().toISOString().slice(0, 10);
    const listed = people.filter(({ hireDate }) => query.get("onlyCurrent") === "false" || (hireDate ?? "") <= today);
    const employees = listed.map((each) =>
      Object.fromEntries([["id", each.id], ...fields.map((name) => [name, each[name] ?? null] as const)]),
    );
    return { body: { title, fields: fields.map((id) => ({ id, type: "text", name: id })), employees } };
  });
