import {
  type Checkpoint,
  EMPTY_ROOT,
  type NoteSigner,
  openCheckpoint,
  rootAt,
  signCheckpoint,
  TreeEdge,
} from "@countinghouse/transparency";
import type { TreeReader } from "../reading/tree-reader.ts";
import { BrokenTreeError } from "../store/growth.ts";
import type { TreeStore } from "../store/tree-store.ts";
import type { PublishedStore } from "./published.ts";
import { Refusal } from "./refusal.ts";

export interface LedgerDeps {
  readonly ledger: number;
  readonly signer: NoteSigner;
  readonly store: TreeStore;
  readonly reader: TreeReader;
  readonly published: PublishedStore;
}

/** A ledger as it is found at the start. */
export interface OpenedLedger {
  readonly edge: TreeEdge;
  /** The newest checkpoint; undefined where there is none to give. */
  readonly published: Checkpoint | undefined;
  /**
   * What was published beyond the stored tree: no checkpoint is signed before the tree has got
   * there and is the same.
   */
  readonly goal: Checkpoint | undefined;
  readonly refusal: Refusal | undefined;
}

/**
 * Opens the tree of a ledger and compares it with what was published. It begins an empty tree where
 * there is none.
 */
export async function openLedger(deps: LedgerDeps): Promise<OpenedLedger> {
  const { ledger, signer, store, published } = deps;
  const empty = signCheckpoint(signer, { size: 0, root: EMPTY_ROOT });
  await store.begin(ledger, EMPTY_ROOT, empty);
  const note = await published.newest(ledger);
  let remembered: Checkpoint | undefined;
  try {
    remembered = note === undefined ? undefined : openOwn(signer, note);
    const edge = await loadEdge(deps);
    const newest = openOwn(signer, (await store.newestCheckpoint(ledger)) ?? empty);
    if (remembered === undefined || remembered.size <= newest.size) {
      await check(deps, edge, newest);
      if (remembered !== undefined) await check(deps, edge, remembered);
      if (remembered?.size !== newest.size) await published.remember(ledger, newest.note);
      return { edge, published: newest, goal: undefined, refusal: undefined };
    }
    if (remembered.size > edge.size) {
      return { edge, published: remembered, goal: remembered, refusal: undefined };
    }
    await check(deps, edge, remembered);
    return { edge, published: remembered, goal: undefined, refusal: undefined };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { edge: TreeEdge.empty(), published: remembered, goal: undefined, refusal: error };
  }
}

/** A checkpoint that this service has signed. Throws a Refusal for any other. */
function openOwn(signer: NoteSigner, note: string): Checkpoint {
  try {
    return openCheckpoint(note, [signer.key]);
  } catch (cause) {
    throw new Refusal("another_key", 0, cause);
  }
}

async function loadEdge({ ledger, store }: LedgerDeps): Promise<TreeEdge> {
  try {
    return (await store.loadEdge(ledger)) ?? TreeEdge.empty();
  } catch (cause) {
    if (cause instanceof BrokenTreeError) throw new Refusal("broken_tree", 0, cause);
    throw cause;
  }
}

/** Throws a Refusal unless the tree had this root at that size. */
async function check(
  { ledger, reader }: LedgerDeps,
  edge: TreeEdge,
  { size, root }: Checkpoint,
): Promise<void> {
  try {
    const stored = await rootAt(reader.hashes({ ledger, edge }, edge.size), size);
    if (stored.equals(root)) return;
  } catch (cause) {
    // A tile that is missing or too short.
    if (cause instanceof RangeError) throw new Refusal("broken_tree", size, cause);
    throw cause;
  }
  throw new Refusal("published_differs", size);
}
