import { useState } from "preact/hooks";
import type { PersonPage, Referred } from "../../src/console/api/people.ts";
import { Code } from "../kit/code.tsx";
import { Notice } from "../kit/notice.tsx";
import { Panel } from "../kit/page.tsx";
import { Link } from "../router.tsx";
import { personTexts as texts } from "../texts/people.ts";
import { personAddress } from "./address.ts";

/** A resource as the backend has it now: its attributes by their paths, or as JSON. */
export function NowPanel({ page: { now, route, references } }: { readonly page: PersonPage }) {
  const [isJson, setJson] = useState(false);
  const json = now.is === "there" && (
    <button type="button" class="small" aria-pressed={isJson} onClick={() => setJson(!isJson)}>
      {texts.asJson}
    </button>
  );
  return (
    <Panel title={texts.now} tools={json}>
      {now.is === "gone" && <Notice kind="warning">{texts.nowGone}</Notice>}
      {now.is === "unknown" && (
        <Notice kind="error">
          {texts.nowUnknown} {now.problem}
        </Notice>
      )}
      {now.is === "there" && isJson && <Code label={texts.now} text={JSON.stringify(now.resource, undefined, 2)} />}
      {now.is === "there" && !isJson && (
        <dl class="attributes">
          {attributesOf(now.resource).flatMap(({ path, value }) => {
            const reference = references[path];
            return [
              <dt key={path}>{shortOf(path)}</dt>,
              <dd key={`${path} `}>
                {reference ? (
                  <ReferredLink route={route} to={reference} />
                ) : (
                  value.map((each) => <div key={each}>{each}</div>)
                )}
              </dd>,
            ];
          })}
        </dl>
      )}
    </Panel>
  );
}

/** A link to what is referred to, by its name. */
export function ReferredLink({ route, to: { id, type, name } }: { readonly route: string; readonly to: Referred }) {
  if (type === "") return <>{name || id}</>;
  return <Link to={personAddress(route, type, id)}>{name || id}</Link>;
}

/** An attribute with its values as people read them. */
interface Shown {
  readonly path: string;
  readonly value: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const NOT_SHOWN = new Set(["schemas", "id"]);

/** The attributes of a resource: those of its type, then those of extensions, then what is known about the resource itself. */
export function attributesOf(resource: Json): Shown[] {
  const of = (part: Json, prefix: string): Shown[] =>
    Object.entries(part).flatMap(([name, value]): Shown[] => {
      if (prefix === "" && NOT_SHOWN.has(name)) return [];
      if (isObject(value) && name.startsWith("urn:")) return of(value, `${name}:`);
      const path = `${prefix}${name}`;
      if (!isObject(value)) return [{ path, value: textsOf(value) }];
      if ("value" in value) return [{ path, value: [textOf(value)] }];
      return Object.entries(value).map(([sub, each]) => ({ path: `${path}.${sub}`, value: textsOf(each) }));
    });
  const { meta, ...rest } = resource;
  const own = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith("urn:")));
  const extensions = Object.fromEntries(Object.entries(rest).filter(([name]) => name.startsWith("urn:")));
  return [...of(own, ""), ...of(extensions, ""), ...(isObject(meta) ? of({ meta }, "") : [])];
}

const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(textOf) : [textOf(value)]);

/** A value with what tells it apart from its neighbours: `ann@x.ch (work, primary)`. */
function textOf(value: unknown): string {
  if (value === true) return texts.yes;
  if (value === false) return texts.no;
  if (!isObject(value)) return typeof value === "string" ? value : JSON.stringify(value);
  const { value: main, type, primary, display, $ref: _, ...others } = value;
  const marks = [type, primary === true ? "primary" : undefined, main === undefined ? undefined : display];
  const told = main ?? display;
  const more = Object.entries(others).map(([name, each]) =>
    told === undefined ? textOf(each) : `${name}: ${textOf(each)}`,
  );
  const text = [...(told === undefined ? [] : [textOf(told)]), ...more].join(", ");
  const known = marks.filter((mark) => typeof mark === "string");
  return known.length > 0 ? `${text} (${known.join(", ")})` : text;
}

/** A path without the long name of a well-known extension. */
const shortOf = (path: string): string =>
  path.replace(/^urn:ietf:params:scim:schemas:extension:enterprise:2\.0:User:/, "enterprise:");
