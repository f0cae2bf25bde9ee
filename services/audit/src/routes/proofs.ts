import { type Handler, malformed, preferredType } from "@countinghouse/service-kit";
import {
  formatTlogProof,
  leafAt,
  proveConsistency,
  proveInclusion,
  rootAt,
} from "@countinghouse/transparency";
import type { Sealer } from "../sealing/sealer.ts";
import { FIRST_LEDGER, type RouteDeps, TEXT } from "./deps.ts";
import { sizeWithin } from "./tree.ts";

const base64 = (hash: Buffer) => hash.toString("base64");

export function handleInclusion(deps: RouteDeps): Handler<"proveInclusion"> {
  return async ({ query, headers }) => {
    const { ledger = FIRST_LEDGER, position } = query;
    const sealer = deps.ledgers.find(ledger);
    const treeSize = sizeWithin(sealer, query.treeSize, "treeSize");
    if (position > treeSize) throw malformed("?position", "is not in a tree of this size");
    const leafIndex = position - 1;
    const tree = deps.reader.hashes(sealer, treeSize);
    const hashes = await proveInclusion(tree, leafIndex, treeSize);
    if (preferredType(headers.accept, ["application/json", "text/plain"]) === "text/plain") {
      const note = await signedNote(deps, sealer, treeSize);
      return { status: 200, body: formatTlogProof(leafIndex, hashes, note), headers: TEXT };
    }
    const leafHash = base64(await leafAt(tree, leafIndex));
    const rootHash = base64(await rootAt(tree, treeSize));
    const body = { leafIndex, treeSize, leafHash, rootHash, hashes: hashes.map(base64) };
    return { status: 200, body };
  };
}

/** Throws a 400 for a size that was never signed. */
async function signedNote(
  { store, cosignatures }: RouteDeps,
  { ledger, published }: Sealer,
  size: number,
): Promise<string> {
  if (published?.size === size) return published.note;
  const note = await store.checkpoint(ledger, size);
  if (note === undefined) throw malformed("?treeSize", "is the size of no signed checkpoint");
  return note + (await cosignatures.of(ledger, size)).join("");
}

export function handleConsistency(deps: RouteDeps): Handler<"proveConsistency"> {
  return async ({ query: { ledger = FIRST_LEDGER, from, to } }) => {
    const sealer = deps.ledgers.find(ledger);
    if (from > to) throw malformed("?to", "is smaller than from");
    sizeWithin(sealer, to, "to");
    const tree = deps.reader.hashes(sealer, to);
    const [hashes, fromRoot, toRoot] = await Promise.all([
      proveConsistency(tree, from, to),
      rootAt(tree, from),
      rootAt(tree, to),
    ]);
    const roots = { fromRoot: base64(fromRoot), toRoot: base64(toRoot) };
    return { status: 200, body: { from, to, ...roots, hashes: hashes.map(base64) } };
  };
}
