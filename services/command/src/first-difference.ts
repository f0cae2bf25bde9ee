import { isDeepStrictEqual } from "node:util";

/**
 * The JSON Pointer (RFC 6901) to the first place where two JSON values differ, members in the order
 * of their names; empty when the values differ as a whole.
 */
export function firstDifference(one: unknown, other: unknown): string {
  if (!isContainer(one) || !isContainer(other)) return "";
  if (Array.isArray(one) !== Array.isArray(other)) return "";
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  for (const name of inOrder([...names], Array.isArray(one))) {
    const step = `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    if (!Object.hasOwn(one, name) || !Object.hasOwn(other, name)) return step;
    if (!isDeepStrictEqual(one[name], other[name]))
      return step + firstDifference(one[name], other[name]);
  }
  return "";
}

type Container = Record<string, unknown>;

function isContainer(value: unknown): value is Container {
  return typeof value === "object" && value !== null;
}

function inOrder(names: string[], areIndexes: boolean): string[] {
  return areIndexes ? names.sort((a, b) => Number(a) - Number(b)) : names.sort();
}
