import { type HrSystem, isUser, startHr } from "./server.ts";

/** A person: fields by their paths, such as "work.title"; of a list's value its id and its text. */
export type Person = Readonly<Record<string, unknown>>;

/** A HiBob whose service user may lose a permission, and which answers in one of its forms. */
export interface HiBob extends HrSystem<Person> {
  /** The categories of fields that the service user may not see. */
  readonly forbidden: Set<string>;
  readonly answerIn: (form: "paths" | "nested") => void;
}

interface Listed {
  readonly id: string;
  readonly text: string;
}
const isListed = (value: unknown): value is Listed => typeof value === "object" && value !== null && "text" in value;
const machine = (value: unknown) => (isListed(value) ? value.id : value);

/** Fields within their category, those of root outside of any. */
function nested(fields: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [path, value] of fields) {
    const [category, ...name] = path.split(".") as [string, ...string[]];
    if (category === "root") result[name.join(".")] = value;
    else result[category] = { ...(result[category] as object), [name.join(".")]: value };
  }
  return result;
}

/**
 * HiBob's people/search: 403 where the service user may not see a category of fields that is asked for, those who have left only where they are
 * asked for, lists by the ids of their values unless readable ones are asked for, and fields by path or within their category.
 */
export async function startHiBob(): Promise<HiBob> {
  const forbidden = new Set<string>();
  let form: "paths" | "nested" = "paths";
  const system = await startHr<Person>((request, people) => {
    if (!isUser(request, "SERVICE-1", "the-token-of-tests")) return { status: 401, body: "Unauthorized" };
    if (request.method !== "POST" || request.path !== "/v1/people/search") return { status: 404, body: "" };
    const {
      fields,
      showInactive = false,
      humanReadable = "",
    } = JSON.parse(request.body) as {
      fields: string[];
      showInactive?: boolean;
      humanReadable?: string;
    };
    const denied = fields.find((each) => forbidden.has(each.split(".")[0]!));
    if (denied) return { status: 403, body: { key: "forbidden", error: `no permission to read ${denied}` } };
    const employees = people
      .filter((each) => showInactive || each["internal.status"] !== "Inactive")
      .map((each) => {
        const asked = Object.entries(each).filter(([path]) => fields.includes(path));
        const plain = asked.map(([path, value]) => [path, machine(value)] as const);
        const readable = asked.map(([path, value]) => [path, isListed(value) ? value.text : value] as const);
        const main =
          form === "nested"
            ? nested(plain)
            : Object.fromEntries(plain.map(([path, value]) => [`/${path.replace(".", "/")}`, { value }]));
        return { ...main, ...(humanReadable === "APPEND" && { humanReadable: nested(readable) }) };
      });
    return { body: { employees } };
  });
  return {
    ...system,
    forbidden,
    answerIn: (next) => {
      form = next;
    },
  };
}
