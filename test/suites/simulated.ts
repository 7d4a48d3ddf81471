import type { Collector } from "../../src/entra/report/collector.ts";
import type { Job } from "../../src/entra/report/data.ts";
import type { Answer, Exchange, Trace } from "../../src/entra/report-data.ts";

/** A job that reports in tests are about. */
export const job: Job = {
  name: "Contoso HR <script>document.title='job'</script>",
  tenantId: "74beb175-3b80-4b63-b9d5-6f0b76082b16",
  jobId: "scim.74beb1753b804b63b9d56f0b76082b16.10a7a801-7101-4c69-ae00-ce9f75f8460a",
  servicePrincipalId: "6cc35b93-185a-4485-a519-50c09549f3ad",
  endpoint: "https://scim.contoso.example/scim/v2",
};

const START = Date.parse("2026-11-26T08:00:00Z");
const SCIM = { "content-type": "application/scim+json", "x-request-id": "7d1c" };
const NAMES = [
  "Ada Lovelace",
  "Grace Hopper",
  "Zoë O’Brien-Müller",
  "李 小龍",
  "יעל כהן",
  "Нина Иванова",
  "<script>document.title='pwned'</script>",
  '"><img src=x onerror=document.title="pwned">',
  "Robert'); DROP TABLE users;--",
  "A very long name that goes on and on, as those of some people of noble birth do, von und zu Hohenstein-Breitenbach the Younger",
];

const answer = (status: number, json?: unknown): Answer => ({
  status,
  headers: SCIM,
  text: json === undefined ? "" : JSON.stringify(json),
  ...(json !== undefined && { json }),
});
const none = {
  schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
  totalResults: 0,
  startIndex: 1,
  itemsPerPage: 0,
  Resources: [],
};
const conflict = {
  schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
  status: "409",
  scimType: "uniqueness",
  detail: "The e-mail address is taken.",
};

/** Tells a collector of a run over so many people: some fail, some are slow, names are odd, and the endpoint has faults. */
export function simulate(collector: Collector, people: number): readonly Trace[] {
  const traces: Trace[] = [];
  const send = (each: Exchange): Exchange => {
    collector.exchange(each);
    return each;
  };
  send({
    purpose: "probe",
    type: "User",
    at: START,
    tookMs: 31,
    method: "GET",
    path: "/Users?filter=userName+eq+%227d0c5a7e%22",
    answer: answer(200, none),
  });
  for (let index = 0; index < people; index++) {
    const name = NAMES[index % NAMES.length]!;
    const user = {
      schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
      id: `id-${index}`,
      userName: `user${index}@contoso.example`,
      displayName: name,
      active: index % 7 === 0 ? "True" : true,
      meta: { location: `/Users/id-${index}` },
    };
    const common = { type: "User", at: START + index * 400 } as const;
    const match = send({
      ...common,
      purpose: "match",
      method: "GET",
      path: `/Users?filter=userName+eq+%22user${index}%40contoso.example%22`,
      tookMs: 20 + (index % 13) * 3,
      answer: answer(200, none),
    });
    const isRefused = index % 9 === 4;
    const isLost = index % 31 === 30;
    const body = {
      schemas: user.schemas,
      userName: user.userName,
      displayName: name,
      active: true,
      password: "hunter2",
    };
    const create = send({
      ...{
        ...common,
        purpose: "create",
        method: "POST",
        path: "/Users",
        body,
        tookMs: index % 23 === 22 ? 6400 : 60 + (index % 17) * 5,
      },
      ...(isLost ? { failure: "read ECONNRESET" } : { answer: isRefused ? answer(409, conflict) : answer(201, user) }),
    });
    const failed = isRefused || isLost;
    const trace: Trace = {
      ...{
        cycle: 1,
        objectId: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
        displayName: name,
        ...common,
      },
      ...(failed ? {} : { targetId: user.id }),
      action: "create",
      status: failed ? "failure" : "success",
      tookMs: match.tookMs + create.tookMs,
      source: {
        userPrincipalName: user.userName,
        displayName: name,
        accountEnabled: "True",
        IsSoftDeleted: "False",
        department: "R&D",
      },
      steps: [
        {
          name: "EntryImportAdd",
          type: "import",
          status: "success",
          description: `Received User '${name}' change of type (Add) from Microsoft Entra ID`,
        },
        {
          name: "EntrySynchronizationScoping",
          type: "scoping",
          status: "success",
          description: "Determine if User in scope by evaluating against each scoping filter",
          details: {
            "Active in the source system": "True",
            "Assigned to the application": "True",
            ScopeEvaluationResult: "{}",
          },
        },
        {
          name: "EntrySynchronizationAdd",
          type: "matching",
          status: "success",
          description: `User '${name}' will be created in customappsso (User is active and assigned, but no matching User was found)`,
        },
        {
          name: "EntryExportAdd",
          type: "export",
          status: failed ? "failure" : "success",
          description: `${failed ? "Failed to create User" : "Created User"} '${name}' in customappsso`,
          details: { ReportableIdentifier: user.userName },
        },
      ],
      modified: [
        { name: "userName", newValue: user.userName },
        { name: "displayName", newValue: name },
      ],
      ...(failed && {
        error: {
          code: isLost ? "Timeout" : "SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering",
          reason: isLost ? "The connection ended." : "StatusCode: Conflict. The e-mail address is taken.",
          nextAttempt: START + 2_400_000,
        },
      }),
      exchanges: [match, create],
    };
    collector.trace(trace);
    traces.push(trace);
    if (index % 5 === 0)
      collector.observation({
        kind: "endless update",
        cycle: 2,
        type: "User",
        objectId: trace.objectId,
        displayName: name,
        attribute: 'phoneNumbers[type eq "work"].value',
        sent: "+49 (0)89 123",
        returned: "+4989123",
        exchange: create,
      });
  }
  const counters = {
    countImported: people,
    countEntitled: people,
    countExported: people,
    countExports: people,
    countEscrowed: 3,
    countEscrowedRaw: 4,
    requests: people * 2 + 1,
  };
  collector.cycle({
    cycle: 1,
    kind: "initial",
    state: "EntryLevelErrors",
    timeBegan: START,
    timeEnded: START + people * 400,
    ...counters,
    counts: { "create success": people },
  });
  collector.cycle({
    cycle: 2,
    kind: "incremental",
    state: "Failed",
    timeBegan: START + 3_000_000,
    timeEnded: START + 3_000_100,
    ...counters,
    counts: {},
    error: { code: "InvalidCredentials", message: "401 <b>Unauthorized</b>" },
  });
  collector.quarantine({
    reason: "EncounteredQuarantineException",
    currentBegan: START + 3_000_100,
    seriesBegan: START + 3_000_100,
    seriesCount: 1,
    nextAttempt: START + 24_600_000,
    error: { code: "InvalidCredentials", message: "The endpoint answered the probe with 401." },
  });
  return traces;
}
