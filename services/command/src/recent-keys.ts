/** About so many keys are remembered, four bytes each; the newer takes the older one's place. */
const KEYS_MAX = 131_072;

/** Keys that were used here lately: another command with one of them is likely a repeat. */
export interface RecentKeys {
  /**
   * Not always true of a key that was added long ago, and hardly ever of one that was not, unless
   * another caller has the same.
   */
  has(key: string): boolean;
  add(key: string): void;
}

export function createRecentKeys(): RecentKeys {
  const hashes = new Uint32Array(KEYS_MAX);
  return {
    has(key) {
      const hash = hashOf(key);
      return hashes[hash % KEYS_MAX] === hash;
    },
    add(key) {
      const hash = hashOf(key);
      hashes[hash % KEYS_MAX] = hash;
    },
  };
}

/** FNV-1a over the text's code units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
