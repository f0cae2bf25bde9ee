import { EMPTY_ROOT, type Hash, nodeHash, splitPoint } from "@countinghouse/transparency";

/** MTH of RFC 6962, 2.1, word for word: slow, and nothing like the code that it checks. */
export function merkleTreeHash(leaves: readonly Hash[]): Hash {
  const [only] = leaves;
  if (only === undefined) return EMPTY_ROOT;
  if (leaves.length === 1) return only;
  const middle = splitPoint(leaves.length);
  return nodeHash(merkleTreeHash(leaves.slice(0, middle)), merkleTreeHash(leaves.slice(middle)));
}
