const code = (error: unknown) => (error as { code?: unknown } | undefined)?.code;

/** Two writers got in each other's way; the same work done again finds what the other has done. */
const CONFLICTS: ReadonlySet<unknown> = new Set(["23505", "40001", "40P01"]);

export function isConflict(error: unknown): boolean {
  return CONFLICTS.has(code(error));
}

/** The database refuses what is in the rows (SQLSTATE classes 22, 23), however often asked. */
export function isRefusedData(error: unknown): boolean {
  const state = code(error);
  return typeof state === "string" && /^2[23][0-9A-Z]{3}$/.test(state);
}
