import { randomUUID } from "node:crypto";

/** What the job did with one person. */
export interface Written {
  readonly at: number;
  readonly action: string;
  readonly status: "success" | "failure" | "skipped";
  readonly modified: readonly string[];
  readonly step: string;
  readonly source: string;
  readonly target: { readonly id: string; readonly displayName: string; readonly upn: string } | undefined;
  readonly skip?: string;
  readonly failure?: { readonly code: string; readonly reason: string };
  /** A manager's externalId that is not known. */
  readonly unresolved?: string;
}

interface Kept extends Written {
  readonly id: string;
  readonly sequence: number;
  readonly visible: number;
}

/** How a record looks: as measured on the wire, as the reference has it, or with the deprecated names of the beta. */
export type Shape = "measured" | "reference" | "deprecated";

const DAY_MS = 86_400_000;

/** The tenant's provisioning log: records are seen 5 to 10 minutes after what they tell of, and for 30 days. */
export class Journal {
  shape: Shape = "measured";
  /** The least and the longest delay, in milliseconds. */
  delay: readonly [number, number] = [300_000, 600_000];
  retentionMs = 30 * DAY_MS;
  /** Records per page where $top does not ask for fewer. */
  pageSize = 1000;
  readonly #kept: Kept[] = [];
  readonly #names: { readonly tenant: string; readonly job: string; readonly servicePrincipal: string };

  constructor(names: { readonly tenant: string; readonly job: string; readonly servicePrincipal: string }) {
    this.#names = names;
  }

  write(written: Written): void {
    const sequence = this.#kept.length;
    const [least, longest] = this.delay;
    // Records come out of order: each is late in its own way.
    const visible = written.at + least + (((sequence * 7919) % 101) / 101) * (longest - least);
    this.#kept.push({ ...written, id: randomUUID(), sequence, visible });
  }

  /** A page of what fits, newest first, and the token of the next page. Throws where the filter or the token is not understood. */
  page(query: URLSearchParams, now: number): { readonly value: object[]; readonly skiptoken: string | undefined } {
    for (const name of query.keys())
      if (!["$filter", "$top", "$skiptoken"].includes(name))
        throw new Error(`The query option '${name}' is not supported.`);
    const top = Number(query.get("$top") ?? this.pageSize);
    if (!Number.isInteger(top) || top < 1 || top > 1000) throw new Error("Invalid page size specified: $top.");
    const fits = filterOf(query.get("$filter") ?? "", this.#names.job);
    const token = query.get("$skiptoken");
    const before = token === null ? Number.POSITIVE_INFINITY : Number(Buffer.from(token, "base64url").toString());
    if (Number.isNaN(before)) throw new Error("The skip token is not valid.");
    const found = this.#kept
      .filter((each) => each.visible <= now && each.at > now - this.retentionMs && fits(each) && each.sequence < before)
      .sort((a, b) => b.sequence - a.sequence);
    const size = Math.min(top, this.pageSize);
    const page = found.slice(0, size);
    const skiptoken =
      found.length > size ? Buffer.from(String(page.at(-1)!.sequence)).toString("base64url") : undefined;
    return { value: page.map((each) => this.#shown(each)), skiptoken };
  }

  #shown(kept: Kept): object {
    const { tenant, job, servicePrincipal } = this.#names;
    const { source, target, failure } = kept;
    const displayName = "HR to Entra";
    const errorInformation = failure && {
      errorCode: failure.code,
      reason: failure.reason,
      additionalDetails: "",
      errorCategory: "failure",
      recommendedAction: "",
    };
    const common = {
      id: kept.id,
      activityDateTime: `${new Date(kept.at).toISOString().slice(0, 19)}Z`,
      tenantId: tenant,
      jobId: job,
      cycleId: "c0000000-0000-4000-8000-000000000001",
      changeId: `c1000000-0000-4000-8000-${String(kept.sequence).padStart(12, "0")}`,
      durationInMilliseconds: 434,
      sourceSystem: { id: "a4170b21-0000-4000-8000-000000000000", displayName: "API", details: {} },
      targetSystem: { id: "a522b030-0000-4000-8000-000000000000", displayName: "Microsoft Entra ID", details: {} },
      initiatedBy: { id: "", displayName: "Azure AD Provisioning Service", initiatorType: "system" },
      sourceIdentity: {
        id: source,
        displayName: "",
        identityType: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        details: {},
      },
      targetIdentity: {
        id: target?.id ?? "",
        displayName: target?.displayName ?? "",
        identityType: "User",
        details: target ? { UserPrincipalName: target.upn } : {},
      },
      provisioningSteps: stepsOf(kept),
      modifiedProperties: kept.modified.map((name) => ({ displayName: name, oldValue: null, newValue: "..." })),
    };
    switch (this.shape) {
      case "measured":
        return {
          ...common,
          provisioningAction: kept.action,
          servicePrincipal: { id: servicePrincipal, displayName },
          provisioningStatusInfo: { status: kept.status, errorInformation: errorInformation ?? null },
        };
      case "reference":
        return {
          ...common,
          provisioningAction: kept.action,
          servicePrincipal: [{ id: servicePrincipal, name: displayName }],
          provisioningStatusInfo: { status: kept.status, ...(errorInformation && { errorInformation }) },
        };
      case "deprecated":
        return {
          ...common,
          action: kept.action.replace(/^./, (letter) => letter.toUpperCase()),
          servicePrincipal: { id: servicePrincipal, displayName },
          statusInfo: { status: kept.status, ...errorInformation },
        };
    }
  }
}

function stepsOf({ step, status, source, skip, unresolved }: Written): object[] {
  const entry = (name: string, type: string, details: object, state = "success") => ({
    name,
    provisioningStepType: type,
    status: state,
    description: `${name} of '${source}'`,
    details,
  });
  return [
    entry("EntryImportAdd", "import", { externalId: source }),
    entry("EntrySynchronizationScoping", "scoping", {
      "Scoping filter evaluation passed": String(skip !== "NotEffectivelyEntitled"),
    }),
    ...(unresolved === undefined
      ? []
      : [
          entry("EntrySynchronizationSkip", "processing", {
            [unresolved]: "manager Add",
            PropertyName: "manager",
            SkipReason: "UnableToResolveReferenceAttributeValue",
          }),
        ]),
    entry(step, "export", { ReportableIdentifier: source, ...(skip !== undefined && { SkipReason: skip }) }, status),
  ];
}

/** Clauses put together by `and`: `jobid eq '...'` and comparisons of activityDateTime. Anything else is refused. */
function filterOf(text: string, job: string): (kept: Kept) => boolean {
  if (text === "") return () => true;
  const clauses = text.split(" and ").map((clause): ((kept: Kept) => boolean) => {
    const [, id] = /^jobid eq '((?:[^']|'')*)'$/.exec(clause) ?? [];
    if (id !== undefined) return () => id.replaceAll("''", "'") === job;
    const [, operator, time] =
      /^activityDateTime (ge|gt|lt|eq) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)$/.exec(clause) ?? [];
    if (operator === undefined || time === undefined) throw new Error(`Invalid filter clause: ${clause}`);
    const limit = Date.parse(time);
    // The log knows whole seconds.
    const second = ({ at }: Kept) => Math.floor(at / 1000) * 1000;
    const comparisons: Record<string, (kept: Kept) => boolean> = {
      ge: (kept) => second(kept) >= limit,
      gt: (kept) => second(kept) > limit,
      lt: (kept) => second(kept) < limit,
      eq: (kept) => second(kept) === limit,
    };
    return comparisons[operator]!;
  });
  return (kept) => clauses.every((fits) => fits(kept));
}
