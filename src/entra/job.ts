import { z } from "zod";
import { OBJECT_TYPES, type ObjectType } from "./directory.ts";
import { attributesOf, type Expression, isRedacted, omitsWhenEmpty, parseExpression } from "./expression/index.ts";
import { compileScope, type FilterGroup } from "./scope.ts";
import { type TargetPath, targetPath } from "./target-path.ts";

const attribute = z.object({
  name: z.string(),
  type: z
    .string()
    .nullish()
    .transform((given) => given ?? "String"),
  caseExact: z
    .boolean()
    .nullish()
    .transform((given) => given ?? false),
});

const clause = z.object({
  operatorName: z.string(),
  sourceOperandName: z.string(),
  targetOperand: z.object({ values: z.array(z.string()).nullish() }).nullish(),
});
const filterGroup = z.object({ name: z.string().nullish(), clauses: z.array(clause) });

const source = z.object({
  type: z.string().nullish(),
  name: z.string().nullish(),
  expression: z.string().nullish(),
});

const attributeMapping = z.object({
  targetAttributeName: z.string(),
  matchingPriority: z
    .number()
    .nullish()
    .transform((given) => given ?? 0),
  flowBehavior: z
    .string()
    .nullish()
    .transform((given) => given ?? "FlowWhenChanged"),
  flowType: z
    .string()
    .nullish()
    .transform((given) => given ?? "Always"),
  defaultValue: z.string().nullish(),
  source: source.nullish(),
});

const objectMapping = z.object({
  enabled: z
    .boolean()
    .nullish()
    .transform((given) => given ?? true),
  sourceObjectName: z.string(),
  targetObjectName: z.string(),
  flowTypes: z
    .string()
    .nullish()
    .transform((given) => given ?? "Add, Update, Delete"),
  scope: z
    .object({ groups: z.array(filterGroup).nullish(), inputFilterGroups: z.array(filterGroup).nullish() })
    .nullish(),
  attributeMappings: z.array(attributeMapping),
});

/** A job's schema as exported by the portal or returned by Graph (`synchronizationSchema`), as far as the simulator uses it. */
export const jobSchema = z.object({
  directories: z
    .array(
      z.object({
        name: z.string(),
        objects: z.array(z.object({ name: z.string(), attributes: z.array(attribute).nullish() })).nullish(),
      }),
    )
    .default([]),
  synchronizationRules: z
    .array(
      z.object({
        sourceDirectoryName: z
          .string()
          .nullish()
          .transform((given) => given ?? "Azure Active Directory"),
        targetDirectoryName: z
          .string()
          .nullish()
          .transform((given) => given ?? "customappsso"),
        objectMappings: z.array(objectMapping),
      }),
    )
    .min(1),
});
/** A parsed job schema. */
export type JobSchema = z.infer<typeof jobSchema>;

/** How one attribute flows. */
export interface AttributeFlow {
  readonly target: TargetPath;
  /** Undefined if only the default value is used. */
  readonly source?: Expression;
  readonly defaultValue?: string;
  /** 0 if not used for matching; otherwise its position in the order of look-ups. */
  readonly matchingPriority: number;
  readonly isForCreationOnly: boolean;
  /** Whether it is sent even if nothing changed. */
  readonly isAlwaysSent: boolean;
  readonly type: "String" | "Boolean" | "Integer" | "DateTime" | "Reference";
  readonly isCaseExact: boolean;
  /** Whether its value is masked wherever it is shown: because of `Redact`, or because it is a password. */
  readonly isRedacted: boolean;
  /** The source attributes that it reads. */
  readonly reads: ReadonlySet<string>;
}

/** How objects of one type flow. */
export interface ObjectFlow {
  readonly type: ObjectType;
  readonly endpoint: "/Users" | "/Groups";
  /** The target's object name, a URN. */
  readonly target: string;
  readonly creates: boolean;
  readonly updates: boolean;
  readonly deletes: boolean;
  /** Objects that pass one of these groups are in scope; all if there is none. */
  readonly scope: readonly FilterGroup[];
  /** Objects that do not pass are ignored entirely. */
  readonly input: readonly FilterGroup[];
  /** Matching attributes, in order. */
  readonly matching: readonly AttributeFlow[];
  /** Attributes with values. */
  readonly values: readonly AttributeFlow[];
  /** Attributes that refer to other objects: `manager`, `members`. */
  readonly references: readonly AttributeFlow[];
  /** Attributes that state whether the object is active: they read `IsSoftDeleted`. */
  readonly activity: readonly AttributeFlow[];
}

/** A job that can be simulated. */
export interface Job {
  readonly sourceName: string;
  readonly targetName: string;
  /** Users before groups. */
  readonly flows: readonly ObjectFlow[];
}

/** A schema that the simulator cannot use, with the place in it. */
export class JobError extends Error {}

/**
 * Compiles a job's schema. Throws a `JobError` with the place of an invalid expression, path or operator, or a mapping without a matching
 * attribute.
 */
export function compileJob(given: unknown): Job {
  const parsed = jobSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new JobError(`this is not a job's schema: ${issue!.path.join(".") || "the file"}: ${issue!.message}`);
  }
  const { data } = parsed;
  const [first] = data.synchronizationRules;
  const mappings = data.synchronizationRules.flatMap((rule) =>
    rule.objectMappings.filter(({ enabled }) => enabled).map((mapping) => ({ rule, mapping })),
  );
  const flows = mappings.map(({ rule, mapping }) => compileObject(data, rule.targetDirectoryName, mapping));
  flows.sort((a, b) => OBJECT_TYPES.indexOf(a.type) - OBJECT_TYPES.indexOf(b.type));
  const twice = flows.find((each, place) => flows.findIndex(({ type }) => type === each.type) !== place);
  if (twice)
    throw new JobError(
      `several mappings of ${twice.type} are enabled, but the simulator runs one: disable the others in a copy of the schema`,
    );
  if (flows.length === 0) throw new JobError("no object mapping of this schema is enabled");
  return { sourceName: first!.sourceDirectoryName, targetName: first!.targetDirectoryName, flows };
}

function compileObject(data: JobSchema, directory: string, mapping: z.infer<typeof objectMapping>): ObjectFlow {
  const { sourceObjectName, targetObjectName, flowTypes, scope, attributeMappings } = mapping;
  const type = OBJECT_TYPES.find((each) => each.toLowerCase() === sourceObjectName.toLowerCase());
  if (!type) throw new JobError(`objects of "${sourceObjectName}" are not supported: only users and groups are`);
  const where = `the mapping of ${sourceObjectName}`;
  const declared = data.directories
    .find(({ name }) => name === directory)
    ?.objects?.find(({ name }) => name === targetObjectName)?.attributes;
  const attributes = attributeMappings.map((each) => compileAttribute(each, declared ?? [], where));
  const matching = attributes
    .filter(({ matchingPriority }) => matchingPriority > 0)
    .sort((a, b) => a.matchingPriority - b.matchingPriority);
  if (matching.length === 0)
    throw new JobError(`${where} has no matching attribute: one mapping requires a matchingPriority above 0`);
  refuseOverlaps(attributes, where);
  const isReference = ({ type: kind }: AttributeFlow) => kind === "Reference";
  const within = new Set(flowTypes.split(",").map((each) => each.trim().toLowerCase()));
  return {
    type,
    endpoint: type === "User" ? "/Users" : "/Groups",
    target: targetObjectName,
    creates: within.has("add"),
    updates: within.has("update"),
    deletes: within.has("delete"),
    scope: placed(where, () => compileScope(scope?.groups ?? [])),
    input: placed(where, () => compileScope(scope?.inputFilterGroups ?? [])),
    matching,
    values: attributes.filter((each) => !isReference(each)),
    references: attributes.filter(isReference),
    activity: attributes.filter(({ reads }) => reads.has("IsSoftDeleted")),
  };
}

/** An attribute must not be mapped both as a whole and in parts, nor twice. */
function refuseOverlaps(attributes: readonly AttributeFlow[], where: string): void {
  const seen = new Map<string, string>();
  const wholes = new Map<string, string>();
  for (const { target } of attributes) {
    const whole = `${target.urn ?? ""}:${target.attribute}`.toLowerCase();
    const isPart = target.selector !== undefined || target.sub !== undefined;
    const other = seen.get(target.text.toLowerCase()) ?? wholes.get(`${whole} ${isPart ? "whole" : "part"}`);
    if (other !== undefined)
      throw new JobError(`${where}: ${target.text} and ${other} are mapped to the same attribute of the target`);
    seen.set(target.text.toLowerCase(), target.text);
    wholes.set(`${whole} ${isPart ? "part" : "whole"}`, target.text);
  }
}

const TYPES = ["String", "Boolean", "Integer", "DateTime", "Reference"] as const;

function compileAttribute(
  given: z.infer<typeof attributeMapping>,
  declared: readonly z.infer<typeof attribute>[],
  where: string,
): AttributeFlow {
  const { targetAttributeName: name, matchingPriority, flowBehavior, flowType, defaultValue } = given;
  const place = `${where}, attribute ${name}`;
  const source = placed(place, () => sourceOf(given.source ?? undefined));
  const target = placed(place, () => targetPath(name));
  const found = declared.find((each) => each.name.toLowerCase() === name.toLowerCase());
  const isReference = /^(manager|members)$/i.test(target.attribute) && /^(value)?$/i.test(target.sub ?? "");
  const type = TYPES.find((each) => each === found?.type) ?? "String";
  return {
    target,
    ...(source && { source }),
    // An expression that omits the attribute when empty omits the default, too.
    ...(defaultValue && !(source && omitsWhenEmpty(source)) && { defaultValue }),
    matchingPriority,
    isForCreationOnly: flowType === "ObjectAddOnly",
    isAlwaysSent: flowBehavior === "FlowAlways",
    type: isReference ? "Reference" : type === "String" && name.toLowerCase() === "active" ? "Boolean" : type,
    isCaseExact: found?.caseExact ?? false,
    isRedacted: (source !== undefined && isRedacted(source)) || /^(user)?password$/i.test(target.attribute),
    reads: source ? attributesOf(source) : new Set(),
  };
}

/** The text form of a source is used; `parameters`, the same as a tree, is not. */
function sourceOf(given: z.infer<typeof source> | undefined): Expression | undefined {
  if (!given) return undefined;
  const { type, name, expression } = given;
  if (type === "Attribute" && name) return parseExpression(`[${name}]`);
  if (type === "Constant" && name !== null && name !== undefined)
    return parseExpression(`"${name.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`);
  if (expression) return parseExpression(expression);
  if (type === "Function")
    throw new Error(
      `the function ${name ?? ""} has no expression: export the schema from Graph or the portal, which include it`,
    );
  return name ? parseExpression(`[${name}]`) : undefined;
}

/** Adds the place to an error. */
function placed<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new JobError(`${place}: ${(error as Error).message}`, { cause: error });
  }
}
