/**
 * Writes a value as canonical JSON (RFC 8785): members in the order of their names, no space.
 * Members that are undefined are left out. The value holds what events hold: objects, arrays,
 * well-formed strings, whole numbers, booleans and null.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  let text = "";
  for (const name of Object.keys(value).sort()) {
    const member: unknown = (value as Record<string, unknown>)[name];
    if (member === undefined) continue;
    text += (text === "" ? "" : ",") + label(name) + canonicalJson(member);
  }
  return `{${text}}`;
}

/** Names with their quotes: those of events are few, and come thousands of times a second. */
const LABELS_MAX = 1_000;
const labels = new Map<string, string>();

function label(name: string): string {
  const known = labels.get(name);
  if (known !== undefined) return known;
  const made = `${JSON.stringify(name)}:`;
  if (labels.size < LABELS_MAX) labels.set(name, made);
  return made;
}
