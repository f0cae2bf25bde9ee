import type { TObject } from "typebox";
import { malformed } from "./problem-error.ts";
import { isCleanText } from "./strict-json.ts";

type Parsed = Record<string, string | string[]>;

/**
 * Splits a query string without guessing: a repeated name becomes an array, which no schema of ours
 * takes, and what cannot be decoded becomes NUL, which checkQuery refuses.
 */
export function parseQueryString(text: string): Parsed {
  const query: Parsed = Object.create(null);
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const at = pair.indexOf("=");
    const name = decode(at < 0 ? pair : pair.slice(0, at));
    const value = decode(at < 0 ? "" : pair.slice(at + 1));
    const before = query[name];
    query[name] = before === undefined ? value : [before, value].flat();
  }
  return query;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return "\0";
  }
}

const INTEGER = /^(0|[1-9][0-9]{0,15})$/;

/**
 * Turns the parameters that the schema wants as integers or booleans into such, where they are
 * written in their one canonical form; everything else stays text for the schema to refuse.
 */
export function convertQuery(query: Parsed, schema: TObject | undefined): Record<string, unknown> {
  const properties = (schema?.properties ?? {}) as Record<string, { type?: string }>;
  const entries = Object.entries(query).map(([name, value]) => {
    if (Array.isArray(value)) throw malformed(`?${name}`, "is given more than once");
    if (!isCleanText(name + value)) throw malformed("?", "has a control or ill-formed character");
    if (!Object.hasOwn(properties, name)) throw malformed(`?${name}`, "is not known here");
    return [name, converted(value, properties[name]?.type)];
  });
  return Object.fromEntries(entries);
}

function converted(value: string, type: string | undefined): unknown {
  if (type === "integer" && INTEGER.test(value)) return Number(value);
  if (type === "boolean" && (value === "true" || value === "false")) return value === "true";
  return value;
}
