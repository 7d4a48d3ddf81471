import { SettingError } from "../../src/connector/error.ts";
import { compileExpression, compileOptional, type Expression } from "../../src/expression/compile.ts";
import { compileCall, compileStep, type ListCall, listCall, type Step, type Template } from "./calls.ts";
import { compileFilters, type Filters } from "./conditions.ts";
import type { KindSettings, SnapshotSettings, StepSettings } from "./settings.ts";

/** The compiled settings of an attribute. */
export interface Special {
  readonly list: boolean;
  readonly read: ListCall | undefined;
  readonly set: readonly Step[] | undefined;
  readonly add: readonly Step[] | undefined;
  readonly remove: readonly Step[] | undefined;
}

/** A kind of entries with its compiled calls. */
export interface RestKind {
  readonly name: string;
  readonly key: string;
  readonly entry: Expression | undefined;
  /** Whether an entry is of the kind; undefined if all are. */
  readonly within: Expression | undefined;
  /** The call that reads one entry. Without it, entries are read from the snapshot. */
  readonly get:
    | (Template & { readonly item: Expression | undefined; readonly gone: Expression | undefined })
    | undefined;
  readonly search: ListCall & {
    readonly total: Expression | undefined;
    readonly count: (Template & { readonly total: Expression }) | undefined;
    readonly countTo: number;
    /** Settings of the snapshot, if any; `path` is the list's place in the response. */
    readonly snapshot: (SnapshotSettings & { readonly path: readonly string[] }) | undefined;
    /** The attributes that the list contains, if not all. */
    readonly gives: ReadonlySet<string> | undefined;
  };
  readonly filters: Filters;
  readonly create: readonly Step[] | undefined;
  readonly created: { readonly key: Expression | undefined; readonly lookFirst: boolean };
  readonly update: readonly Step[] | undefined;
  readonly delete: readonly Step[] | undefined;
  readonly version: Expression | undefined;
  readonly special: ReadonlyMap<string, Special>;
  readonly secrets: ReadonlySet<string>;
}

const stepsOf = (steps: readonly StepSettings[] | undefined) => steps?.map(compileStep);

/** Compiles a kind. Throws `ExpressionError`, and `SettingError` for calls that do not identify an entry. */
export function compileKind(name: string, settings: KindSettings): RestKind {
  const kind = compiled(name, settings);
  checkSpoken(kind);
  return kind;
}

/**
 * Refuses calls that do not use the variable that identifies an entry, for example because it is misspelt: they would find everybody, or
 * change the wrong entry. Throws a `SettingError`.
 */
function checkSpoken({ name, get, search, filters, update, delete: removal }: RestKind): void {
  const wrong = (setting: string, variable: string, why: string): never => {
    throw new SettingError(`kinds.${name}.${setting} does not use ${variable}: ${why}`, `kinds.${name}.${setting}`);
  };
  if (get && !get.variables.has("key") && !get.readsInput)
    wrong("get", "$key", "it would return the same entry for every key");
  for (const [setting, steps] of Object.entries({ update, delete: removal }))
    if (
      steps &&
      !steps.some(({ variables, readsInput }) => variables.has("key") || variables.has("entry") || readsInput)
    )
      wrong(setting, "$key", "it would be the same call for every entry");
  if (search.snapshot)
    for (const variable of ["attrs", "limit", "offset"])
      if (search.variables.has(variable))
        throw new SettingError(
          `kinds.${name}.search uses $${variable}, but with a snapshot it returns the whole list at once`,
          `kinds.${name}.search`,
        );
  let isAsked = false;
  for (const [attr, { asked }] of filters.leaves)
    for (const [op, { to, call }] of asked) {
      const setting = `attributes.${attr}.filter.${op}`;
      if (op !== "pr" && !to.variables.has("value") && !to.variables.has("quoted"))
        wrong(setting, "$value", "it would find the same entries for every value");
      if (to.variables.has("quoted") && !filters.quote)
        wrong(setting, "$value", "$quoted requires search.quote, the quoting of the API's query language");
      if (call && !call.variables.has("where")) wrong(`${setting}.call`, "$where", "it would find every entry");
      isAsked ||= call === undefined;
    }
  if (isAsked && !search.variables.has("where")) wrong("search", "$where", "filters would find every entry");
}

function compiled(name: string, settings: KindSettings): RestKind {
  const { key, get, search } = settings;
  const special = Object.entries(settings.attributes).map(([attr, { list, read, set, add, remove }]) => {
    const each = { list, read: read && listCall(read), set: stepsOf(set), add: stepsOf(add), remove: stepsOf(remove) };
    return [attr, each] as const;
  });
  return {
    name,
    key,
    entry: compileOptional(settings.entry),
    within: compileOptional(settings.within),
    get: get && { ...compileCall(get), item: compileOptional(get.item), gone: compileOptional(get.gone) },
    search: {
      ...listCall(search),
      total: compileOptional(search.total),
      count: search.count && { ...compileCall(search.count), total: compileExpression(search.count.total) },
      countTo: search.countTo,
      atLeast: compileOptional(search.atLeast),
      snapshot: search.snapshot && { ...search.snapshot, path: search.items === "$" ? [] : search.items.split(".") },
      gives: search.gives && new Set([key, ...search.gives]),
    },
    filters: compileFilters(settings),
    create: stepsOf(settings.create),
    created: {
      key: compileOptional(settings.created.key),
      lookFirst: settings.created.lookFirst ?? settings.create?.[0]?.method === "PUT",
    },
    update: stepsOf(settings.update),
    delete: stepsOf(settings.delete),
    version: compileOptional(settings.version),
    special: new Map(special),
    secrets: new Set(settings.secrets),
  };
}
