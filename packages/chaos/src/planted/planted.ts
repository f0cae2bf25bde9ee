import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createProgress } from "@countinghouse/cli";
import Table from "cli-table3";
import type { Violation } from "../checks/findings.ts";
import type { Result } from "../run/run-fault.ts";
import { type Copy, copyCheckout } from "./copy.ts";
import type { Defect } from "./defects.ts";

/** What came of one planted defect. */
export interface Caught {
  readonly defect: Defect;
  /** The invariants that were violated. */
  readonly by: readonly string[];
  readonly first: Violation | undefined;
  /** Whether one of those noticed that had to. */
  readonly isCaught: boolean;
}

/** Plants each defect in a copy of the checkout, and runs the fault that has to show it. */
export async function runPlanted(
  defects: readonly Defect[],
  seed: number,
  out: NodeJS.WriteStream,
): Promise<Caught[]> {
  const progress = createProgress(out, defects.length);
  const copy = copyCheckout();
  const all: Caught[] = [];
  try {
    for (const defect of defects) {
      progress.start(defect.name);
      const results = await copy.edited(defect.edits, () => run(copy, defect, seed));
      const violations = results.flatMap((result) => result.violations);
      const by = [...new Set(violations.map(({ invariant }) => invariant))];
      const isOne = ({ invariant }: Violation) => defect.caughtBy.includes(invariant);
      all.push({ defect, by, first: violations.find(isOne), isCaught: violations.some(isOne) });
    }
    return all;
  } finally {
    progress.end();
    copy.remove();
  }
}

/** The harness of the copy itself, so that all of what runs is the copy. */
async function run({ path }: Copy, defect: Defect, seed: number): Promise<readonly Result[]> {
  const { fault, with: has = [] } = defect;
  const without = (["kafka", "twins"] as const).filter((part) => !has.includes(part));
  const args = [join(path, "packages/chaos/src/main.ts"), "run", fault, "--json"];
  const options = ["--seed", String(seed), ...without.map((part) => `--no-${part}`)];
  const child = spawn(process.execPath, [...args, ...options], {
    cwd: path,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = [child.stdout, child.stderr].map((stream) => {
    const pieces: Buffer[] = [];
    stream.on("data", (piece: Buffer) => pieces.push(piece));
    return () => Buffer.concat(pieces).toString();
  });
  await once(child, "close");
  try {
    return (JSON.parse(out?.() ?? "") as { results: Result[] }).results;
  } catch (cause) {
    throw new Error(`${defect.name}: the run came to nothing:\n${err?.()}`, { cause });
  }
}

/** The table: what was planted, and what noticed. */
export function showPlanted(all: readonly Caught[]): string {
  const table = new Table({
    head: ["defect", "fault", "caught by"],
    style: { head: [], border: [] },
  });
  for (const { defect, by, isCaught } of all) {
    const said = by.length === 0 ? "nothing" : by.join(", ");
    table.push([defect.name, defect.fault, isCaught ? said : `NOT CAUGHT (${said})`]);
  }
  return table.toString();
}
