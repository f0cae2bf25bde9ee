import Table from "cli-table3";
import { INVARIANTS, type Violation } from "../checks/findings.ts";
import type { Result } from "./run-fault.ts";

const HEAD = ["fault", "load", "acknowledged", "lost", "doubled", "recovered in", "violations"];

/** The table of a run, one line a fault. */
export function showResults(results: readonly Result[]): string {
  const table = new Table({
    head: HEAD,
    style: { head: [], border: [] },
    colAligns: ["left", "right", "right", "right", "right", "right", "left"],
  });
  for (const result of results) {
    const { fault, perSecond, acknowledged, lost, doubled, recoveryMs, violations } = result;
    const kinds = [...new Set(violations.map(({ invariant }) => invariant))];
    table.push([
      ...[fault, `${perSecond.toFixed(0)}/s`, acknowledged, lost, doubled],
      ...[`${(recoveryMs / 1_000).toFixed(1)} s`, kinds.length === 0 ? "none" : kinds.join(", ")],
    ]);
  }
  return table.toString();
}

/** Violations, a line each. */
export function showViolations(violations: readonly Violation[]): string {
  return violations
    .map(({ invariant, what }) => `✘ ${invariant} (${INVARIANTS[invariant]}): ${what}`)
    .join("\n");
}
