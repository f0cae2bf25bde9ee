import type { Transaction } from "@countinghouse/contracts";
import type { StatementHead } from "../statement.ts";
import { renderStatement } from "./render.ts";

export interface PdfJob {
  readonly head: StatementHead;
  readonly entries: readonly Transaction[];
}

/** What the pool calls in a thread of its own. */
export function render({ head, entries }: PdfJob): Promise<Uint8Array<ArrayBuffer>> {
  return renderStatement(head, entries);
}
