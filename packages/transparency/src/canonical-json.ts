/** Deepest nesting; what is deeper is no document of ours, and must not exhaust the stack. */
const DEPTH_MAX = 64;

/** JSON.stringify writes a surrogate that stands alone as such an escape, and nothing else. */
const LONE_SURROGATE = /\\ud[89a-f][0-9a-f]{2}/;

/**
 * A JSON value in the one form of RFC 8785: members sorted by UTF-16 code units, no spaces, numbers
 * as ECMAScript writes them. Members whose value is undefined are left out. Throws a TypeError for
 * what is no JSON: ill-formed text, a number that is not finite, undefined itself, or nesting
 * deeper than 64.
 */
export function canonicalJson(value: unknown): string {
  if (value === undefined) throw new TypeError("this is no JSON");
  const text = write(value, 0);
  // An escaped backslash before a "u" looks alike, so what looks so is looked at in full.
  if (text.includes("\\ud") && LONE_SURROGATE.test(text)) checkText(value);
  return text;
}

/** By text, since an object cannot hold its members in every order: whole numbers come first. */
function write(value: unknown, depth: number): string {
  if (typeof value !== "object" || value === null || isInOrder(value, depth)) {
    if (typeof value === "number") checkNumber(value);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    return `[${value.map((item) => write(item ?? null, depth + 1)).join(",")}]`;
  }
  const members = value as Readonly<Record<string, unknown>>;
  let text = "";
  for (const name of Object.keys(members).sort()) {
    const member = members[name];
    if (member === undefined) continue;
    text += `${text === "" ? "{" : ","}${JSON.stringify(name)}:${write(member, depth + 1)}`;
  }
  return text === "" ? "{}" : `${text}}`;
}

/** Whether JSON.stringify writes the value in canonical form as it is. */
function isInOrder(value: object, depth: number): boolean {
  if (depth >= DEPTH_MAX) throw new TypeError("nested too deeply");
  if (Array.isArray(value)) {
    for (const item of value) if (!isMemberInOrder(item, depth)) return false;
    return true;
  }
  let last: string | undefined;
  for (const name in value) {
    if (last !== undefined && name <= last) return false;
    if (!isMemberInOrder((value as Record<string, unknown>)[name], depth)) return false;
    last = name;
  }
  return true;
}

function isMemberInOrder(value: unknown, depth: number): boolean {
  if (typeof value === "number") checkNumber(value);
  return typeof value !== "object" || value === null || isInOrder(value, depth + 1);
}

function checkNumber(value: number): void {
  if (!Number.isFinite(value)) throw new TypeError("a number is not finite");
}

function checkText(value: unknown): void {
  if (typeof value === "string" && !value.isWellFormed()) throw new TypeError("ill-formed text");
  if (typeof value !== "object" || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    checkText(name);
    checkText(member);
  }
}
