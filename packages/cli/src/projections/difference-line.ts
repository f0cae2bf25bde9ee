import type { Difference } from "./tool.ts";

/** A difference in one line: which row, and what is there instead of what. */
export function lineOf({ table, key, kind, expected, found }: Difference): string {
  const row = `${table} ${pairsOf(key)}`;
  if (kind === "missing") return `${row}: is missing; the log has ${pairsOf(expected)}`;
  if (kind === "too_many") return `${row}: is not in the log; the table has ${pairsOf(found)}`;
  const changes = Object.keys(expected).map((column) => {
    return `${column} is ${shown(found[column])}, not ${shown(expected[column])}`;
  });
  return `${row}: ${changes.join(", ")}`;
}

function pairsOf(columns: Readonly<Record<string, string | null>>): string {
  const pairs = Object.entries(columns).map(([name, value]) => `${name}=${shown(value)}`);
  return pairs.join(" ");
}

function shown(value: string | null | undefined): string {
  return value ?? "null";
}
