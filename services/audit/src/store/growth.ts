import type { FullTile, TreeHead } from "@countinghouse/transparency";

/** A tree grown by some entries, to be stored as a whole. */
export interface Growth {
  readonly ledger: number;
  readonly from: TreeHead;
  readonly to: TreeHead;
  /** The entries from the position after `from.size` on. */
  readonly entries: readonly Buffer[];
  readonly tiles: readonly FullTile[];
  /** The signed checkpoint of `to`, where there is one. */
  readonly note: string | undefined;
}

/** The stored tree is not the one that was to grow: another process has sealed meanwhile. */
export class TreeMovedError extends Error {
  readonly code = "tree_moved";
  readonly retryable = true;
  override readonly name = "TreeMovedError";
}

/** What is stored of the trees contradicts itself. */
export class BrokenTreeError extends Error {
  readonly code = "broken_tree";
  readonly retryable = false;
  override readonly name = "BrokenTreeError";
}
