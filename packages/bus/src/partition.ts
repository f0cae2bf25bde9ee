const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const NOT_ASCII = /[^ -~]/;

/**
 * The partition of a key: murmur2 of its bytes, modulo the number of partitions, as the default
 * partitioner of Kafka's own clients does it; so whoever knows the key finds the partition.
 */
export function partitionOf(key: string, partitions: number): number {
  return (hashOf(key) & 0x7fffffff) % partitions;
}

/** Asked for every event twice, so keys of plain text, as ids are, are not made bytes first. */
function hashOf(key: string): number {
  if (!NOT_ASCII.test(key)) return murmur2(key.length, (i) => key.charCodeAt(i));
  const bytes = Buffer.from(key);
  return murmur2(bytes.length, (i) => bytes[i] ?? 0);
}

function murmur2(length: number, at: (i: number) => number): number {
  let hash = SEED ^ length;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    let word = at(i) | (at(i + 1) << 8) | (at(i + 2) << 16) | (at(i + 3) << 24);
    word = Math.imul(word, M);
    word = Math.imul(word ^ (word >>> 24), M);
    hash = Math.imul(hash, M) ^ word;
  }
  if (i < length) {
    for (let j = length - 1; j >= i; j -= 1) hash ^= at(j) << (8 * (j - i));
    hash = Math.imul(hash, M);
  }
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}
