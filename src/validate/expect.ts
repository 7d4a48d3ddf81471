import { isObject } from "../scim/schema.ts";
import { Finding } from "./outcome.ts";
import type { Answer } from "./transport.ts";

// biome-ignore lint/suspicious/noExplicitAny: foreign endpoints answer in every shape
type Json = any;

/** The URN of a list. */
export const LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const ERROR = "urn:ietf:params:scim:api:messages:2.0:Error";

/** Throws a `Finding` with the sentence unless the condition holds. */
export function must(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new Finding(sentence);
}

/** What an answer says went wrong, to be appended to a sentence. Of a success, which may hold somebody's data, nothing. */
export function saying({ status, json, text }: Pick<Answer, "status" | "json" | "text">): string {
  if (status < 300) return "";
  const plain = json === undefined ? text.trim().split("\n")[0] : undefined;
  const detail = isObject(json) ? (json.detail ?? json.scimType ?? json.message) : plain;
  const said = typeof detail === "string" ? detail.replace(/\s+/g, " ").slice(0, 300) : "";
  return said === "" ? "" : ` It said: ${said}`;
}

/** Throws a `Finding` unless an answer has one of the statuses. Gives the answer. */
export function mustAnswer(answer: Answer, ...statuses: readonly number[]): Answer {
  const { request, status } = answer;
  must(
    statuses.includes(status),
    `${request} was answered with ${status} instead of ${statuses.join(" or ")}.${saying(answer)}`,
  );
  return answer;
}

/** Throws a `Finding` unless an answer is a list that is well formed. Gives its resources. */
export function mustList(answer: Answer): Json[] {
  mustAnswer(answer, 200);
  const { request, json } = answer;
  must(isObject(json), `${request} was not answered with a JSON object.`);
  must(
    Array.isArray(json.schemas) && json.schemas.includes(LIST),
    `The list of ${request} lacks "${LIST}" in its schemas.`,
  );
  must(typeof json.totalResults === "number", `The list of ${request} has no number totalResults.`);
  must(
    Array.isArray(json.Resources) || (json.Resources === undefined && json.totalResults === 0),
    `The list of ${request} has no array Resources.`,
  );
  return (json.Resources as unknown[] | undefined) ?? [];
}

/** Throws a `Finding` unless a list holds exactly one resource, with that id. */
export function mustFindOne(answer: Answer, id: string): void {
  const found = mustList(answer);
  const ids = found.map((each) => each?.id);
  must(
    found.length === 1 && ids[0] === id,
    `${answer.request} should find the one resource ${id}, but found ${found.length === 0 ? "nothing" : `${found.length}: ${ids.slice(0, 5).join(", ")}`}.`,
  );
  must(
    answer.json.totalResults === 1,
    `${answer.request} found one resource, but totalResults is ${answer.json.totalResults}.`,
  );
}

/** Throws a `Finding` unless a list is empty. */
export function mustFindNothing(answer: Answer): void {
  const found = mustList(answer);
  must(
    found.length === 0 && answer.json.totalResults === 0,
    `${answer.request} should find nothing, but found ${found.length} with totalResults ${answer.json.totalResults}.`,
  );
}

/** Throws a `Finding` unless a value is what is expected. */
export function mustBe(actual: unknown, expected: unknown, what: string): void {
  must(same(actual, expected), `${what} should be ${text(expected)}, but is ${text(actual)}.`);
}

/** Throws a `Finding` unless an answer is an error of SCIM with a status and, if given, one of the keywords. */
export function mustRefuse(answer: Answer, status: number, ...scimTypes: readonly string[]): void {
  mustAnswer(answer, status);
  const { request, json } = answer;
  must(
    isObject(json) && Array.isArray(json.schemas) && json.schemas.includes(ERROR),
    `${request} was refused with ${status}, but the body is not a SCIM error with "${ERROR}" in its schemas.`,
  );
  if (scimTypes.length > 0)
    must(
      scimTypes.includes(String(json.scimType)),
      `${request} was refused with scimType ${text(json.scimType)} instead of ${scimTypes.map(text).join(" or ")}.`,
    );
}

/** Whether values are equal; truth values also as text, because some endpoints keep them so. */
export function same(actual: unknown, expected: unknown): boolean {
  if (typeof expected === "boolean") return String(actual).toLowerCase() === String(expected);
  return actual === expected || (expected === undefined && isNothing(actual));
}

/** Whether a value counts as unassigned, RFC 7643 §2.5. */
export const isNothing = (value: unknown): boolean =>
  value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);

const text = (value: unknown) => (value === undefined ? "absent" : JSON.stringify(value));
