import { describe, expect, test } from "vitest";
import { groupPlan, userPlan } from "./discovery.ts";
import { sample, type Target } from "./plan.ts";
import type { Answer } from "./transport.ts";

const answer = (json: unknown, status = 200): Answer => ({
  request: "GET",
  status,
  headers: {},
  text: "",
  json,
  tookMs: 1,
});
const CORE = "urn:ietf:params:scim:schemas:core:2.0:User";
const choices = { joining: { User: "userName", Group: "displayName" } };
const published = (
  attributes: unknown,
  types: unknown = { Resources: [{ name: "User", endpoint: "/People", schema: CORE }] },
) => ({
  config: answer({}),
  types: answer(types),
  schemas: answer({ Resources: [{ id: CORE, attributes }] }),
});
const text = (name: string, more: object = {}) => ({ name, type: "string", mutability: "readWrite", ...more });

describe("which attributes are written", () => {
  test("those that are published as writable and returned, at the endpoint that is published", () => {
    const plan = userPlan(
      published([
        text("userName", { required: true }),
        text("nickName"),
        text("password"),
        text("secret", { returned: "never" }),
        text("login", { mutability: "readOnly" }),
        text("badge", { mutability: "immutable" }),
        {
          name: "name",
          type: "complex",
          subAttributes: [text("givenName"), text("formatted", { mutability: "readOnly" })],
        },
      ]),
      choices,
    );
    expect(plan.endpoint).toBe("/People");
    expect(plan.targets.map(({ path }) => path)).toEqual([
      "userName",
      "nickName",
      "badge",
      "name.givenName",
      "externalId",
    ]);
    expect(plan.targets.find(({ path }) => path === "badge")?.isChangeable).toBe(false);
  });

  test("references to the world outside by a URL, and no references to resources", () => {
    const reference = (name: string, referenceTypes?: readonly string[]) => ({
      ...text(name, referenceTypes && { referenceTypes }),
      type: "reference",
    });
    const plan = userPlan(
      published([reference("profileUrl", ["external"]), reference("site", ["uri"]), reference("desk", ["Desk"])]),
      choices,
    );
    const urls = plan.targets.filter(({ kind }) => kind === "url");
    expect(urls.map(({ path }) => path)).toEqual(["profileUrl", "site"]);
    for (const each of urls) expect(sample(each)).toMatch(/^https:\/\/example\.com\/[A-Z]+$/);
    expect(plan.targets.map(({ path }) => path)).not.toContain("desk");
  });

  test("elements of lists by the types that are published, else the primary one", () => {
    const list = (name: string, type: object) => ({
      name,
      type: "complex",
      multiValued: true,
      mutability: "readWrite",
      subAttributes: [text("value"), text("type", type), { name: "primary", type: "boolean" }],
    });
    const plan = userPlan(
      published([list("emails", { canonicalValues: ["work", "home"] }), list("roles", {})]),
      choices,
    );
    expect(plan.targets.map(({ path }) => path)).toEqual([
      'emails[type eq "work"].value',
      'emails[type eq "work"].primary',
      'emails[type eq "home"].value',
      'roles[primary eq "True"].value',
      'roles[primary eq "True"].type',
      "externalId",
    ]);
  });

  test("Microsoft's own where nothing is published; groups only where they may be", () => {
    const nothing = { config: answer({}, 404), types: answer({}, 404), schemas: answer("<html>", 200) };
    expect(userPlan(nothing, choices).targets.map(({ path }) => path)).toContain(
      'phoneNumbers[type eq "mobile"].value',
    );
    expect(groupPlan(nothing, choices)?.endpoint).toBe("/Groups");
    expect(groupPlan(published([text("userName")]), choices)).toBeUndefined();
  });

  test("odd schemas are no accident", () => {
    for (const odd of [null, "x", [null], [{}], [{ name: 'a"[', type: "string" }], [{ name: "x", type: "complex" }]])
      expect(userPlan(published(odd), choices).targets.map(({ path }) => path)).toEqual(["externalId"]);
  });

  test("values are of the attribute's type, one of those that are published, and never true where nobody knows what that means", () => {
    const target = (path: string, more: Partial<Target> = {}): Target => ({
      path,
      kind: "text",
      isRequired: false,
      isChangeable: true,
      ...more,
    });
    expect(sample(target("userName"))).toMatch(/^postern-[a-z]+@example\.com$/);
    expect(sample(target("title"))).toMatch(/^[A-Z]{10}$/);
    expect(sample(target("title", { choices: ["Dr"] }))).toBe("Dr");
    expect(sample(target("active", { kind: "boolean" }))).toBe(true);
    expect(sample(target("urn:example:User:administrator", { kind: "boolean" }))).toBe(false);
    expect(Number.isNaN(Date.parse(sample(target("since", { kind: "dateTime" })) as string))).toBe(false);
  });
});
