import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { errorText, knownErrors, skipText } from "./codes.ts";
import { correlate, type Outcome } from "./outcome.ts";
import { type ProvisioningRecord, readRecord } from "./record.ts";

const NOON = Date.parse("2026-11-02T12:00:00Z");
const at = (seconds: number) => new Date(NOON + seconds * 1000);

/** A record as Graph sends it. */
const wire = (more: object = {}) => ({
  id: "r1",
  activityDateTime: at(10).toISOString(),
  jobId: "API2AAD.1.2",
  provisioningAction: "create",
  provisioningStatusInfo: { status: "success", errorInformation: null },
  sourceIdentity: { id: "701984", displayName: "", details: {} },
  targetIdentity: { id: "t1", displayName: "Ada", details: {} },
  targetSystem: { id: "s", displayName: "Microsoft Entra ID", details: {} },
  servicePrincipal: { id: "sp", displayName: "HR" },
  provisioningSteps: [],
  modifiedProperties: [],
  ...more,
});
const record = (more: object = {}): ProvisioningRecord => readRecord(wire(more))!;
async function* stream(records: readonly ProvisioningRecord[]) {
  yield* records;
}
const outcome = async (...records: readonly ProvisioningRecord[]): Promise<Outcome | undefined> =>
  (await correlate([{ externalId: "701984", at: at(0) }], stream(records))).get("701984");
const failure = (errorCode: string, reason = "") => ({
  provisioningStatusInfo: {
    status: "failure",
    errorInformation: { errorCode, reason, additionalDetails: "", recommendedAction: "" },
  },
  targetIdentity: { id: "" },
});
const manager = (pending: string) => ({
  provisioningSteps: [
    {
      name: "EntrySynchronizationSkip",
      provisioningStepType: "processing",
      status: "success",
      description: "",
      details: {
        [pending]: "manager Add",
        PropertyName: "manager",
        SkipReason: "UnableToResolveReferenceAttributeValue",
      },
    },
  ],
});
const redundant = {
  provisioningAction: "other",
  provisioningStatusInfo: { status: "skipped", errorInformation: null },
  provisioningSteps: [{ name: "EntrySynchronizationSkip", details: { SkipReason: "RedundantExport" } }],
};

describe("a record of the log", () => {
  test("is the same in the measured form, in the reference's, and with the deprecated names", () => {
    const measured = record();
    const { provisioningAction: _, provisioningStatusInfo: __, ...others } = wire();
    const forms = [
      wire({ servicePrincipal: [{ id: "sp", name: "HR" }], provisioningStatusInfo: { status: "success" } }),
      { ...others, action: "Create", statusInfo: { status: "success" } },
      { ...wire(), action: "Create", statusInfo: { status: "success" } },
    ];
    for (const form of forms) expect(readRecord(form)).toEqual(measured);
  });

  test("has its error in any of the places where Graph puts it", () => {
    const error = {
      errorCode: "ImportSkipped",
      reason: "No value.",
      additionalDetails: "more",
      errorCategory: "c",
      recommendedAction: "do",
    };
    const read = {
      code: "ImportSkipped",
      reason: "No value.",
      details: "more",
      category: "c",
      recommendedAction: "do",
    };
    expect(record({ provisioningStatusInfo: { status: "failure", errorInformation: error } }).error).toEqual(read);
    expect(record({ provisioningStatusInfo: { status: "failure", errorInfo: error } }).error).toEqual(read);
    const { provisioningStatusInfo: _, ...others } = wire();
    expect(readRecord({ ...others, statusInfo: { status: "failure", ...error } })!.error).toEqual({
      ...read,
      category: "",
      recommendedAction: "",
    });
  });

  test("may lack anything but its id and its time, and be null where it lacks it", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(wire())), fc.jsonValue()), (odd) => {
        const read = readRecord({ ...wire(), ...odd, id: "r", activityDateTime: "2026-11-02T12:00:00Z" });
        expect(read).toMatchObject({ id: "r" });
        expect(typeof read!.source.id).toBe("string");
      }),
    );
    for (const none of [null, 1, "", [], {}, { id: "r" }, { id: "r", activityDateTime: "soon" }])
      expect(readRecord(none)).toBe(undefined);
  });
});

describe("what became of a person", () => {
  const drawn = fc.record({
    id: fc.constantFrom("a", "b", "c", "d", "e", "f"),
    seconds: fc.integer({ min: -20, max: 20 }),
    externalId: fc.constantFrom("1", "2", "3"),
    kind: fc.constantFrom(
      {},
      { provisioningAction: "update", modifiedProperties: [{ displayName: "manager" }] },
      { provisioningAction: "update", modifiedProperties: [{ displayName: "jobTitle" }] },
      { provisioningAction: "disable" },
      manager("9"),
      redundant,
      failure("DuplicateTargetEntries"),
    ),
  });
  // An id stands for one record.
  const logs = fc.uniqueArray(drawn, { selector: ({ id }) => id });
  const read = (each: typeof drawn extends fc.Arbitrary<infer T> ? T : never) =>
    record({
      ...each.kind,
      id: each.id,
      activityDateTime: at(each.seconds).toISOString(),
      sourceIdentity: { id: each.externalId },
    });

  test("does not depend on the order of the log, nor on records that come twice", async () => {
    await fc.assert(
      fc.asyncProperty(
        logs.chain((log) =>
          fc.tuple(fc.constant(log), fc.shuffledSubarray([...log, ...log], { minLength: log.length * 2 })),
        ),
        async ([log, shuffled]) => {
          const sent = ["1", "2"].map((externalId) => ({ externalId, at: at(0) }));
          expect(await correlate(sent, stream(shuffled.map(read)))).toEqual(
            await correlate(sent, stream(log.map(read))),
          );
        },
      ),
    );
  });

  test("is told of those who were sent, by records that are not older than that", async () => {
    await fc.assert(
      fc.asyncProperty(logs, async (log) => {
        const sent = ["1", "2"].map((externalId) => ({ externalId, at: at(0) }));
        const told = await correlate(sent, stream(log.map(read)));
        const fits = log.filter(({ externalId, seconds }) => externalId !== "3" && seconds >= -5);
        expect(new Set(told.keys())).toEqual(new Set(fits.map(({ externalId }) => externalId)));
      }),
    );
  });

  test("is found by the joining value where the source's identity is another, as for Active Directory", async () => {
    const steps = [{ name: "EntryImportAdd", details: { JoiningProperty: "701984" } }];
    expect(await outcome(record({ sourceIdentity: { id: "WD-1" }, provisioningSteps: steps }))).toMatchObject({
      status: "success",
    });
  });

  test("is a creation even if it was updated afterwards, and says both", async () => {
    const later = record({
      id: "r2",
      activityDateTime: at(12).toISOString(),
      provisioningAction: "update",
      modifiedProperties: [{ displayName: "manager" }],
    });
    expect(await outcome(record(manager("89607")), later)).toEqual({
      externalId: "701984",
      status: "success",
      action: "create",
      message: "Created in Microsoft Entra ID. Then set: manager.",
      targetId: "t1",
      at: at(12),
    });
  });

  test("is a warning as long as the manager is not known", async () => {
    const told = await outcome(record(manager("89607")));
    expect(told).toMatchObject({
      status: "warning",
      code: "UnableToResolveReferenceAttributeValue",
      action: "create",
      targetId: "t1",
    });
    expect(told!.message).toContain("manager is not set yet, because Entra does not know 89607");
    const title = record({
      id: "r2",
      activityDateTime: at(12).toISOString(),
      provisioningAction: "update",
      modifiedProperties: [{ displayName: "jobTitle" }],
    });
    expect(await outcome(record(manager("89607")), title)).toMatchObject({ status: "warning" });
  });

  test("is the last attempt: a failure before a success is over, one after it is not", async () => {
    const failed = record({ ...failure("InternalError"), id: "r0" });
    const done = record({ id: "r2", activityDateTime: at(50).toISOString() });
    expect(await outcome(done, failed)).toMatchObject({ status: "success" });
    expect((await outcome(done, failed))!.code).toBe(undefined);
    const again = record({ ...failure("InvalidDomain"), id: "r3", activityDateTime: at(60).toISOString() });
    expect(await outcome(again, done)).toMatchObject({ status: "failure", code: "InvalidDomain", targetId: "t1" });
  });

  test("stays what it was when Entra then has nothing more to do", async () => {
    const nothing = record({ ...redundant, id: "r2", activityDateTime: at(50).toISOString() });
    expect(await outcome(record(), nothing)).toMatchObject({ status: "success", action: "create" });
    expect(await outcome(nothing)).toMatchObject({
      status: "skipped",
      code: "RedundantExport",
      message: "Nothing to change: the account is as it was sent.",
    });
  });
});

describe("an error's sentence", () => {
  test.each(knownErrors)("of %s says what it means, what to do, and Entra's own words", async (code) => {
    const told = await outcome(record(failure(code, "Their words 123.")));
    expect(told).toMatchObject({ status: "failure", code });
    expect(told!.message).toMatch(/^[A-Z].{20,}\. .*Entra's words: Their words 123\.$/);
    expect(told!.message).not.toContain("undefined");
  });

  test.each([
    [
      "SystemForCrossDomainIdentityManagementBadResponse",
      "ConstraintViolation-AtrErr: CONSTRAINT_ATT_TYPE - company",
      /too long.*Entra's words: .*company/,
    ],
    [
      "SystemForCrossDomainIdentityManagementBadResponse",
      "InvalidAttributeSyntax-LdapErr: An invalid attribute syntax",
      /takes no empty text/,
    ],
    [
      "SomethingElse",
      "OperationsError-SvcErr: No superior reference has been configured",
      /no such organisational unit/,
    ],
    ["SomethingElse", "The domain does not exist", /not a verified domain/],
    ["Request_BadRequest", "Cannot convert a value to type 'Edm.DateTimeOffset'", /date with a time and a zone/],
  ])("of %s goes by its words: %s", (code, reason, pattern) => {
    expect(errorText({ code, reason, details: "", category: "", recommendedAction: "" })).toMatch(pattern);
  });

  test("of a code that is not known is as Entra tells it", () => {
    const error = {
      code: "BrandNew",
      reason: "It did not work.",
      details: "",
      category: "",
      recommendedAction: "Ask.",
    };
    expect(errorText(error)).toBe("Entra reports BrandNew: It did not work. Ask.");
    expect(skipText("BrandNew")).toBe("Entra skipped the person: BrandNew.");
  });

  test("is one line of bounded length, whatever Entra sends", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 5000 }), fc.string({ maxLength: 5000 }), (reason, recommendedAction) => {
        const told = errorText({ code: "X", reason, details: "", category: "", recommendedAction });
        expect(told.length).toBeLessThan(700);
        expect(told).not.toMatch(/[\r\n]/);
      }),
    );
  });
});
