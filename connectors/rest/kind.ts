import { compileExpression, compileOptional, type Expression } from "../../src/expression/compile.ts";
import { compileCall, compileStep, type ListCall, listCall, type Step, type Template } from "./calls.ts";
import { compileFilters, type Filters } from "./conditions.ts";
import type { KindSettings, StepSettings } from "./settings.ts";

/** What is special about an attribute, compiled. */
export interface Special {
  readonly list: boolean;
  readonly read: ListCall | undefined;
  readonly set: readonly Step[] | undefined;
  readonly add: readonly Step[] | undefined;
  readonly remove: readonly Step[] | undefined;
}

/** A kind of entries and its calls, compiled. */
export interface Kind {
  readonly name: string;
  readonly key: string;
  readonly entry: Expression | undefined;
  /** Whether an entry is of the kind; all are without it. */
  readonly within: Expression | undefined;
  readonly get: Template & { readonly item: Expression | undefined; readonly gone: Expression | undefined };
  readonly search: ListCall & {
    readonly total: Expression | undefined;
    readonly count: (Template & { readonly total: Expression }) | undefined;
    readonly countTo: number;
    /** The attributes that it gives, where it gives some alone. */
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

export function compileKind(name: string, settings: KindSettings): Kind {
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
    get: { ...compileCall(get), item: compileOptional(get.item), gone: compileOptional(get.gone) },
    search: {
      ...listCall(search),
      total: compileOptional(search.total),
      count: search.count && { ...compileCall(search.count), total: compileExpression(search.count.total) },
      countTo: search.countTo,
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
