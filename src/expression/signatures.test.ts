import jsonata from "jsonata";
import { expect, test } from "vitest";
import { helpers } from "./helpers.ts";
import { jsonataFunctions } from "./inspect.ts";
import { signatures } from "./signatures.ts";

test("each function that expressions may call has a signature, and nothing else has", () => {
  const known = new Set([...jsonataFunctions, ...Object.keys(helpers)]);
  expect([...signatures.keys()].toSorted()).toEqual([...known].toSorted());
});

test("signatures have as many parameters as the functions of JSONata", async () => {
  for (const name of jsonataFunctions.filter((each) => !(each in helpers) && each !== "zip")) {
    const { signature } = (await jsonata(`$${name}`).evaluate({})) as { signature?: { definition: string } };
    if (!signature) continue;
    const [, params = ""] = /^<(.*?)(?::[^:]*)?>$/.exec(signature.definition)!;
    const plain = params
      .replaceAll(/<[^<>]*>/g, "")
      .replaceAll(/\([^)]*\)/g, "x")
      .replaceAll(/[?-]/g, "");
    const { takes } = signatures.get(name)!;
    expect(takes === "" ? 0 : takes.split(", ").length, `${name} ${signature.definition}`).toBe(plain.length);
  }
});
