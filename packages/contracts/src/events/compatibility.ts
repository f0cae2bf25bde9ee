import type { JsonSchema } from "./documents.ts";

/** Words for people; they may change at any time. */
const ANNOTATIONS = new Set([
  ...["$schema", "$id", "$comment", "title", "description", "examples", "default", "deprecated"],
]);
/** Keywords that are compared in a way of their own. */
const COMPARED = new Set(["properties", "required", "enum", "items", "anyOf"]);
/** Marks an enumeration whose readers take values that they do not know. */
const EXTENSIBLE = "x-extensible";

/**
 * What makes a schema incompatible with one that was released, as sentences; empty when it is not.
 * Both ways must hold, since the log is for ever and readers are other people's: what was written
 * under the old schema fits the new one, what is written under the new one fits the old one. So a
 * released schema may gain optional members of open objects, values of extensible enumerations and
 * better words, and nothing else; what is not known to be safe is refused.
 */
export function incompatibilities(released: JsonSchema, current: JsonSchema): string[] {
  return compare(released, current, "");
}

function compare(released: JsonSchema, current: JsonSchema, at: string): string[] {
  return [
    ...keywords(released, current, at),
    ...members(released, current, at),
    ...values(released, current, at),
    ...alternatives(released, current, at),
    ...elements(released, current, at),
  ];
}

function keywords(released: JsonSchema, current: JsonSchema, at: string): string[] {
  const names = new Set([...Object.keys(released), ...Object.keys(current)]);
  return [...names]
    .filter((name) => !ANNOTATIONS.has(name) && !COMPARED.has(name))
    .filter((name) => !isSame(released[name], current[name]))
    .map((name) => {
      const [before, after] = [released[name], current[name]].map((value) => JSON.stringify(value));
      return `${at || "/"}: ${name} was ${before ?? "not given"} and is ${after ?? "not given"}`;
    });
}

function members(released: JsonSchema, current: JsonSchema, at: string): string[] {
  const [before, after] = [schemasOf(released.properties), schemasOf(current.properties)];
  const [had, has] = [new Set(list(released.required)), new Set(list(current.required))];
  const found: string[] = [];
  for (const [name, schema] of before) {
    const now = after.get(name);
    if (now === undefined) found.push(`${at}/${name}: the field was removed`);
    else found.push(...compare(schema, now, `${at}/${name}`));
  }
  for (const name of had) {
    const isGone = before.has(String(name)) && !after.has(String(name));
    if (!has.has(name) && !isGone) {
      found.push(`${at}/${String(name)}: the field was required and no longer is`);
    }
  }
  for (const name of has) {
    if (!had.has(name)) found.push(`${at}/${String(name)}: a field is required that was not`);
  }
  for (const name of after.keys()) {
    if (before.has(name) || has.has(name) || released.additionalProperties !== false) continue;
    found.push(`${at}/${name}: a closed object has a new field`);
  }
  return found;
}

function values(released: JsonSchema, current: JsonSchema, at: string): string[] {
  const isEnum = [released, current].map((schema) => Array.isArray(schema.enum));
  if (isEnum[0] !== isEnum[1]) return [`${at || "/"}: an enumeration came or went`];
  const [before, after] = [list(released.enum), list(current.enum)];
  const gone = before.filter((value) => !after.includes(value));
  const added = after.filter((value) => !before.includes(value));
  const mayGrow = released[EXTENSIBLE] === true;
  return [
    ...gone.map((value) => `${at || "/"}: the value ${JSON.stringify(value)} was removed`),
    ...(mayGrow ? [] : added).map((value) => `${at || "/"}: ${JSON.stringify(value)} is new`),
  ];
}

function alternatives(released: JsonSchema, current: JsonSchema, at: string): string[] {
  const [before, after] = [list(released.anyOf), list(current.anyOf)] as JsonSchema[][];
  if (before?.length !== after?.length) return [`${at || "/"}: the alternatives have changed`];
  return (before ?? []).flatMap((schema, i) => compare(schema, after?.[i] ?? {}, `${at}|${i}`));
}

function elements(released: JsonSchema, current: JsonSchema, at: string): string[] {
  const [before, after] = [released.items, current.items] as (JsonSchema | undefined)[];
  if (before === undefined && after === undefined) return [];
  if (before === undefined || after === undefined) return [`${at || "/"}: items came or went`];
  return compare(before, after, `${at}/*`);
}

function schemasOf(value: unknown): Map<string, JsonSchema> {
  return new Map(Object.entries((value ?? {}) as Record<string, JsonSchema>));
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Whether two JSON values are the same, whatever the order of their members. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  if (Array.isArray(a) !== Array.isArray(b) || left.length !== right.length) return false;
  return left.every(([name, value]) => {
    return Object.hasOwn(b, name) && isSame(value, (b as Record<string, unknown>)[name]);
  });
}
