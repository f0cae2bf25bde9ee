import type { BrokenBank } from "../system/open-system.ts";

/** Brings back what a fault has broken; the bank has to do the rest by itself. */
export type Mend = () => Promise<void>;

/** What a fault cannot be without. */
export type Need = "kafka" | "disks" | "twins";

/** What goes on although something is broken. */
export type GoesOn = "commands" | "queries" | "sessions";

/** A way to break the bank. */
export interface Fault {
  readonly name: string;
  /** In a few words, for a table. */
  readonly what: string;
  readonly needs: readonly Need[];
  /** How long it lasts when it runs alone. */
  readonly holdMs: number;
  /** What has to work all the while. */
  readonly goesOn: readonly GoesOn[];
  /** No request may fail meanwhile. */
  readonly isSmooth: boolean;
  begin(bank: BrokenBank, random: () => number): Promise<Mend>;
}

type Usual = "needs" | "holdMs" | "goesOn" | "isSmooth";

/** A fault with what most of them have. */
export function fault(given: Omit<Fault, Usual> & Partial<Pick<Fault, Usual>>): Fault {
  return { needs: [], holdMs: 4_000, goesOn: [], isSmooth: false, ...given };
}

/** For faults that are over as they begin. */
export const nothingToMend: Mend = async () => {};
