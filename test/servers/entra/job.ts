import { randomUUID } from "node:crypto";
import type { Journal, Written } from "./journal.ts";
import { cleared, type Json, valueAt } from "./values.ts";

/** A user of the tenant: Entra's attributes. */
export type CloudUser = { id: string; accountEnabled: boolean; manager?: string } & Record<string, Json | undefined>;

/** What was done with a person. */
type Decision = Omit<Written, "source" | "target">;

/** Why the job fails a person. */
export interface Failure {
  readonly code: string;
  readonly reason: string;
}

/** Default mapping of the app, SCIM to Entra. `manager` is a reference, and is not among them. */
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const DEFAULT_MAPPING: Readonly<Record<string, string>> = {
  externalId: "employeeId",
  userName: "userPrincipalName",
  displayName: "displayName",
  active: "accountEnabled",
  "name.givenName": "givenName",
  "name.familyName": "surname",
  title: "jobTitle",
  preferredLanguage: "preferredLanguage",
  userType: "employeeType",
  'phoneNumbers[type eq "work"].value': "businessPhones",
  'addresses[type eq "work"].streetAddress': "streetAddress",
  'addresses[type eq "work"].locality': "city",
  'addresses[type eq "work"].region': "state",
  'addresses[type eq "work"].postalCode': "postalCode",
  'addresses[type eq "work"].country': "country",
  [`${ENTERPRISE}:department`]: "department",
  [`${ENTERPRISE}:organization`]: "companyName",
  [`${ENTERPRISE}:division`]: "division",
  [`${ENTERPRISE}:costCenter`]: "costCenter",
};
const MANAGER = `${ENTERPRISE}:manager.value`;
const DATES = ["employeeHireDate", "employeeLeaveDateTime"];
const SKIPPED = "EntrySynchronizationSkip";

/** How long an upload lies before it is processed, and how long until references are set after that, in milliseconds. */
const PROCESSING_MS = 2000;
const REFERENCES_MS = 2000;

/** The tenant's provisioning job: processes uploads some time after they came, by the test's clock. */
export class Job {
  state: "Active" | "Paused" | "NotRun" | "Quarantine" = "Active";
  /** SCIM path to Entra's attribute. What is not in it is dropped silently. */
  readonly mapping = new Map(Object.entries(DEFAULT_MAPPING));
  /** Attributes of Entra's for which null values flow: null, "" and absence clear them. */
  readonly nullFlow = new Set<string>();
  /** Verified domains; the first is the default one. */
  domains = ["contoso.example"];
  /** The scoping filter. */
  scope: (data: Record<string, Json>) => boolean = () => true;
  /** What the job fails by externalId, until it is taken out. */
  readonly failures = new Map<string, Failure>();
  /** Maximum number of records that wait; beyond it uploads get 500. */
  bucket = 100_000;
  readonly users: Map<string, CloudUser>;
  readonly #journal: Journal;
  #queue: { readonly due: number; readonly data: Record<string, Json> }[] = [];
  /** Managers by user, as externalIds that are not resolved yet. */
  readonly #references = new Map<string, { readonly manager: string; readonly due: number }>();
  /** Whom this app has linked: references resolve to them alone. */
  readonly #linked = new Map<string, string>();

  #byId = new Map<string, CloudUser[]>();
  #byName = new Map<string, CloudUser>();
  readonly #coming = new WeakMap<object, CloudUser>();

  constructor(users: Map<string, CloudUser>, journal: Journal) {
    this.users = users;
    this.#journal = journal;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  accept(records: readonly Record<string, Json>[], now: number): void {
    this.#queue.push(...records.map((data) => ({ due: now + PROCESSING_MS, data })));
  }

  /** Restarts the job. One that does not run loses what was staged. */
  restart(): void {
    if (this.state !== "Active") {
      this.#queue = [];
      this.#references.clear();
    }
    this.state = "Active";
  }

  /** Does what is due. Called before every request and look. */
  run(now: number): void {
    if (this.state !== "Active") return;
    const due = this.#queue.filter((each) => each.due <= now);
    this.#queue = this.#queue.filter((each) => each.due > now);
    if (due.length > 0) {
      // Tests put users in and change them between two looks.
      this.#byId = new Map();
      this.#byName = new Map();
      for (const user of this.users.values()) this.#index(user);
    }
    for (const { data, due: at } of due) this.#process(data, at);
    for (const [id, { manager, due: at }] of this.#references) {
      const target = this.#known(manager);
      if (at > now || target === undefined) continue;
      this.#references.delete(id);
      const user = this.users.get(id);
      if (!user || user.manager === target) continue;
      user.manager = target;
      this.#write(user, { at, action: "update", status: "success", modified: ["manager"], step: "EntryExportUpdate" });
    }
  }

  #write(user: CloudUser | undefined, written: Decision, externalId = String(user?.employeeId ?? "")): void {
    const target = user && {
      id: user.id,
      displayName: String(user.displayName ?? ""),
      upn: String(user.userPrincipalName),
    };
    this.#journal.write({ ...written, source: externalId, target });
  }

  #process(data: Record<string, Json>, at: number): void {
    const externalId = String(data.externalId ?? "");
    const matches = this.#byId.get(externalId) ?? [];
    const user = matches[0] ?? this.#created(data, externalId);
    const isNew = matches.length === 0;
    const decision = this.#decide(data, isNew ? undefined : user, at);
    const isThere = !isNew || decision.status === "success";
    if (isNew && isThere) {
      this.users.set(user.id, user);
      this.#index(user);
    }
    this.#write(isThere && externalId !== "" ? user : undefined, decision, externalId);
  }

  /** What is done with a person, once it is done. */
  #decide(data: Record<string, Json>, user: CloudUser | undefined, at: number): Decision {
    const externalId = String(data.externalId ?? "");
    const forced = this.failures.get(externalId);
    const fail = (failure: Failure, action: string, modified: string[] = []): Decision => {
      return { at, action, status: "failure", modified, step: "EntryExportAdd", failure };
    };
    const skip = (reason: string): Decision => {
      return { at, action: "other", status: "skipped", modified: [], step: SKIPPED, skip: reason };
    };
    if (externalId === "")
      return fail({ code: "ImportSkipped", reason: "The entry has no value for the matching property." }, "other");
    if (forced) return fail(forced, user ? "update" : "create");
    if ((this.#byId.get(externalId) ?? []).length > 1)
      return fail(
        { code: "DuplicateTargetEntries", reason: `More than one user has the employeeId ${externalId}.` },
        "other",
      );
    if (!this.scope(data)) {
      if (!user?.accountEnabled) return skip("NotEffectivelyEntitled");
      user.accountEnabled = false;
      return { at, action: "disable", status: "success", modified: ["accountEnabled"], step: "EntryExportUpdate" };
    }
    const next = this.#mapped(data, user);
    const modified = Object.keys(next).filter((name) => next[name] !== (user?.[name] ?? undefined));
    const failure = this.#invalid(next, user);
    if (failure) return fail(failure, user ? "update" : "create", modified);
    const target = user ?? this.#created(data, externalId);
    const wasEnabled = target.accountEnabled;
    if (next.userPrincipalName !== undefined) {
      this.#byName.delete(String(target.userPrincipalName));
      this.#byName.set(String(next.userPrincipalName), target);
    }
    for (const name of modified) {
      if (next[name] === undefined) delete target[name];
      else target[name] = next[name];
    }
    this.#linked.set(externalId, target.id);
    const before = this.#references.get(target.id)?.manager;
    const unresolved = this.#refer(target, data, at);
    const told = unresolved !== undefined && unresolved !== before ? { unresolved } : {};
    if (!user) return { at, action: "create", status: "success", modified, step: "EntryExportAdd", ...told };
    if (modified.length === 0 && told.unresolved === undefined) return skip("RedundantExport");
    const action = wasEnabled && !target.accountEnabled ? "disable" : "update";
    return { at, action, status: "success", modified, step: "EntryExportUpdate", ...told };
  }

  /** The account that a record makes, the same one each time it is asked for. */
  #created(data: Record<string, Json>, externalId: string): CloudUser {
    const known = this.#coming.get(data) ?? { id: randomUUID(), employeeId: externalId, accountEnabled: true };
    this.#coming.set(data, known);
    return known;
  }

  #index(user: CloudUser): void {
    const id = String(user.employeeId ?? "");
    this.#byId.set(id, [...(this.#byId.get(id) ?? []), user]);
    this.#byName.set(String(user.userPrincipalName), user);
  }

  /** Notes whom the manager is to be: it is set by a later step. Gives the manager's externalId if that is not known yet. */
  #refer(user: CloudUser, data: Record<string, Json>, at: number): string | undefined {
    const { value } = valueAt(data, MANAGER);
    if (typeof value !== "string" || value === "") {
      if (cleared(data, MANAGER, this.nullFlow.has("manager"))) {
        delete user.manager;
        this.#references.delete(user.id);
      }
      return undefined;
    }
    if (this.#known(value) !== undefined && this.#known(value) === user.manager) {
      this.#references.delete(user.id);
      return undefined;
    }
    this.#references.set(user.id, { manager: value, due: at + REFERENCES_MS });
    return this.#known(value) === undefined ? value : undefined;
  }

  /** The account that this app has linked to an externalId, if it is still there. */
  #known(externalId: string): string | undefined {
    const id = this.#linked.get(externalId);
    return id !== undefined && this.users.has(id) ? id : undefined;
  }

  /** What the record gives by the mapping; undefined clears. */
  #mapped(data: Record<string, Json>, user: CloudUser | undefined): Record<string, Json | undefined> {
    const next: Record<string, Json | undefined> = {};
    for (const [path, name] of this.mapping) {
      const { value } = valueAt(data, path);
      if (value !== undefined && value !== null && value !== "") next[name] = value;
      else if (user && cleared(data, path, this.nullFlow.has(name))) next[name] = undefined;
    }
    const upn = next.userPrincipalName;
    if (typeof upn === "string" && !upn.includes("@")) next.userPrincipalName = `${upn}@${this.domains[0]}`;
    return next;
  }

  #invalid(next: Record<string, Json | undefined>, user: CloudUser | undefined): Failure | undefined {
    for (const name of ["userPrincipalName", "displayName"])
      if ((next[name] ?? user?.[name]) === undefined)
        return { code: "MissingValues", reason: `A value for ${name} is required.` };
    const upn = String(next.userPrincipalName ?? user?.userPrincipalName);
    const [local = "", domain = ""] = upn.split("@");
    if (!/^[A-Za-z0-9'._!#^~-]{1,64}$/.test(local) || upn.split("@").length !== 2)
      return {
        code: "AzureActiveDirectoryInvalidUserPrincipalName",
        reason: `The value '${upn}' of userPrincipalName is invalid.`,
      };
    if (!this.domains.includes(domain))
      return { code: "InvalidDomain", reason: `The domain does not exist: ${domain}.` };
    // The job looks for no free name; the directory refuses the second account.
    const other = this.#byName.get(upn);
    if (other && other !== user)
      return {
        code: "AzureActiveDirectoryDuplicateUserPrincipalName",
        reason: "Another object with the same value for property userPrincipalName already exists.",
      };
    // The code of this failure is not documented: this is Graph's usual one.
    for (const name of DATES)
      if (
        typeof next[name] === "string" &&
        !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(next[name])
      )
        return {
          code: "Request_BadRequest",
          reason: `Cannot convert a value to type 'Edm.DateTimeOffset' for property '${name}'.`,
        };
    return undefined;
  }
}
