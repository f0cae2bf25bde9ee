import type { Logger } from "@countinghouse/service-kit";
import type { LogPages } from "./log-pages.ts";

/** What the query service brings along for its operators. */
export interface ProjectionsTool {
  rebuild(deps: ToolDeps, options: RebuildOptions): Promise<{ parked: readonly unknown[] }>;
  verify(
    deps: ToolDeps,
    options: { shownMax: number; onTable(comparison: TableComparison): void },
  ): Promise<TableComparison[]>;
  switchOver(deps: ToolDeps): Promise<void>;
  rollBack(deps: ToolDeps): Promise<void>;
  listParked(deps: ToolDeps): Promise<ParkedAccount[]>;
  inspectParked(
    deps: ToolDeps,
    accountId: string,
  ): Promise<(ParkedAccount & { appliedVersion: number; waiting: readonly object[] }) | undefined>;
  releaseParked(deps: ToolDeps, accountId?: string): Promise<number>;
}

export interface ToolDeps {
  readonly ownerUrl: string;
  readonly projectorUrl: string;
  readonly log: LogPages;
  readonly logger: Logger;
}

interface RebuildOptions {
  readonly rate?: number | undefined;
  onPhase(phase: string): void;
  onProgress(progress: { done: number; total: number }): void;
}

type Columns = Readonly<Record<string, string | null>>;

/** One row in which the live tables are not what the log makes them. */
export interface Difference {
  readonly table: string;
  readonly key: Columns;
  readonly kind: "missing" | "too_many" | "changed";
  readonly expected: Columns;
  readonly found: Columns;
}

export interface TableComparison {
  readonly table: string;
  readonly rows: number;
  readonly differing: number;
  readonly first: readonly Difference[];
}

export interface ParkedAccount {
  readonly accountId: string;
  readonly ledger: number;
  readonly version: number;
  readonly eventId: string;
  readonly reason: string;
  readonly parkedAt: Date;
}
