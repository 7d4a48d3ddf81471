import { startHr } from "./server.ts";

/** An employee: attributes by their names, `dynamic_` ones with their label before a colon. */
export type Employee = Readonly<Record<string, unknown>> & { readonly id: number };

/** Values as Personio wraps them. */
const wrapped = (employee: Employee) => ({
  type: "Employee",
  attributes: Object.fromEntries(
    Object.entries(employee).map(([name, value]) => {
      const [field, label = name] = name.split(":") as [string, string?];
      return [field, { label, value, type: typeof value, universal_id: field.startsWith("dynamic_") ? null : field }];
    }),
  ),
});

/** Personio's API v1: a token by a call, ten at a time unless more are asked for, and every value in a wrapping of its own. */
export const startPersonio = () =>
  startHr<Employee>(({ method, path, query, headers, body }, people) => {
    if (method === "POST" && path === "/v1/auth") {
      const { client_id: id, client_secret: secret } = JSON.parse(body) as Record<string, string>;
      return id === "papi-tests" && secret === "the-secret-of-tests"
        ? { body: { success: true, data: { token: "papi-token-of-tests" } } }
        : { status: 403, body: { success: false, error: { code: 0, message: "Wrong credentials" } } };
    }
    if (headers.authorization !== "Bearer papi-token-of-tests")
      return { status: 401, body: { success: false, error: { message: "The token is invalid" } } };
    const one = /^\/v1\/company\/employees\/(.+)$/.exec(path)?.[1];
    if (one !== undefined) {
      const found = people.find(({ id }) => String(id) === one);
      return found
        ? { body: { success: true, data: wrapped(found) } }
        : { status: 404, body: { success: false, error: { code: 404, message: "Employee not found" } } };
    }
    const offset = Number(query.get("offset") ?? 0);
    const limit = Number(query.get("limit") ?? 10);
    return {
      body: {
        success: true,
        metadata: {
          total_elements: people.length,
          current_page: offset / limit,
          total_pages: Math.ceil(people.length / limit),
        },
        offset: String(offset),
        limit: String(limit),
        data: people.slice(offset, offset + limit).map(wrapped),
      },
    };
  });
