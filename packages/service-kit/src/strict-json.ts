import { malformed, ProblemError } from "./problem-error.ts";

/** Deepest nesting of a body; no schema of ours comes near. */
const DEPTH_MAX = 16;
const CONTENT_TYPE = /^application\/json *(; *charset="?utf-8"?)? *$/i;
const UTF_8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const CONTROL = /\p{Cc}/u;

/** Throws a 415 unless the Content-Type is JSON in UTF-8. */
export function checkContentType(contentType: string | undefined): void {
  if (!CONTENT_TYPE.test(contentType ?? "")) throw new ProblemError("unsupported_media_type");
}

/**
 * Parses a JSON body (RFC 8259) so that no two parsers can disagree about it: well-formed UTF-8
 * without a byte order mark, no repeated member, no control character or lone surrogate in a
 * string. Throws a 400 otherwise.
 */
export function parseStrictJson(bytes: Buffer): unknown {
  const text = decode(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ProblemError("malformed", { cause, errors: [{ path: "", message: "is no JSON" }] });
  }
  if (inspect(value, []) !== countMembers(text)) {
    throw malformed("", "has a member twice");
  }
  return value;
}

/** Whether a text is well-formed Unicode without control characters. */
export function isCleanText(text: string): boolean {
  return text.isWellFormed() && !CONTROL.test(text);
}

function decode(bytes: Buffer): string {
  try {
    return UTF_8.decode(bytes);
  } catch (cause) {
    throw new ProblemError("malformed", { cause, errors: [{ path: "", message: "is no UTF-8" }] });
  }
}

/**
 * Checks every string and the depth, and counts the members of all objects. `path` holds the names
 * on the way here.
 */
function inspect(value: unknown, path: string[]): number {
  if (typeof value === "string") {
    if (!isCleanText(value))
      throw malformed(pointer(path), "has a control or ill-formed character");
    return 0;
  }
  if (typeof value !== "object" || value === null) return 0;
  if (path.length === DEPTH_MAX) throw malformed(pointer(path), "is nested too deeply");
  const isArray = Array.isArray(value);
  let members = 0;
  for (const [name, member] of Object.entries(value)) {
    if (!isArray) {
      if (!isCleanText(name)) throw malformed(pointer(path), "has an ill-formed member name");
      members += 1;
    }
    path.push(name);
    members += inspect(member, path);
    path.pop();
  }
  return members;
}

function pointer(path: readonly string[]): string {
  return path.map((name) => `/${pointerStep(name)}`).join("");
}

/**
 * Counts the members written in a valid JSON text: every colon outside a string is one. A repeated
 * member is written twice but parsed once, so the two counts differ.
 */
function countMembers(text: string): number {
  let count = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 0x22) inString = !inString;
    else if (inString) i += code === 0x5c ? 1 : 0;
    else if (code === 0x3a) count += 1;
  }
  return count;
}

/** As many digits as the number of a card has: never repeated, not even as a member's name. */
const CARD_DIGITS = /[0-9]{12,}/g;

/** One step of a JSON Pointer (RFC 6901), as it may be shown. */
export function pointerStep(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1").replaceAll(CARD_DIGITS, "…");
}
