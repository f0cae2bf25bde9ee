import type { Account, Envelope } from "@countinghouse/contracts";
import {
  canonicalJson,
  createNoteSigner,
  decodeBundle,
  encodeBundle,
  formatVerifierKey,
  leafHash,
  type NoteSigner,
  partialsOf,
  signCheckpoint,
  TILE_WIDTH,
  TreeEdge,
  tilePath,
  tilesOfLevel,
} from "@countinghouse/transparency";
import { BUNDLE_FILES, BUNDLE_FORMAT } from "@countinghouse/verifier";

export const signer = createNoteSigner("bank.example/ledger/1", Buffer.alloc(32, 1));
export const forger = createNoteSigner("bank.example/ledger/1", Buffer.alloc(32, 2));

export const entryOf = (event: object) => Buffer.from(canonicalJson(event));

/** The files of a bundle in memory, for tests to change. */
export class TestBundle {
  readonly files = new Map<string, Buffer>();
  readonly size: number;

  constructor(events: readonly Envelope[], by: NoteSigner = signer, accounts?: Account[]) {
    this.size = events.length;
    const edge = TreeEdge.empty();
    const entries = events.map(entryOf);
    for (const entry of entries) {
      edge.append(leafHash(entry), ({ level, index, hashes }) => {
        this.files.set(tilePath({ level, index, width: TILE_WIDTH }), hashes);
      });
    }
    for (const tile of partialsOf(this.size)) {
      const hashes = edge.partialTile(Number(tile.level));
      if (tile.width > 0) this.files.set(tilePath(tile), hashes);
    }
    this.putEntries(entries);
    this.put("manifest", JSON.stringify({ format: BUNDLE_FORMAT, ledger: 1, size: this.size }));
    this.put("key", `${formatVerifierKey(by.key)}\n`);
    this.put("checkpoint", signCheckpoint(by, { size: this.size, root: edge.root() }));
    const lines = accounts?.map((account) => `${JSON.stringify(account)}\n`);
    if (lines !== undefined) this.put("accounts", lines.join(""));
  }

  readonly read = async (path: string) => this.files.get(path);

  put(name: keyof typeof BUNDLE_FILES, text: string): void {
    this.files.set(BUNDLE_FILES[name], Buffer.from(text));
  }

  text(name: keyof typeof BUNDLE_FILES): string {
    return String(this.files.get(BUNDLE_FILES[name]));
  }

  entries(): Buffer[] {
    return [...tilesOfLevel("entries", this.size)].flatMap((bundle) => {
      return decodeBundle(this.files.get(tilePath(bundle)) ?? Buffer.alloc(0)) ?? [];
    });
  }

  /** Puts entries where an export puts them; what is more than the size goes into the last file. */
  putEntries(entries: readonly Buffer[]): void {
    const bundles = [...tilesOfLevel("entries", this.size)];
    for (const [i, bundle] of bundles.entries()) {
      const begin = bundle.index * TILE_WIDTH;
      const end = i === bundles.length - 1 ? entries.length : begin + bundle.width;
      this.files.set(tilePath(bundle), encodeBundle(entries.slice(begin, end)));
    }
  }

  /** Changes the events as somebody would who does not know of the tree. */
  change(edit: (events: Envelope[]) => Envelope[]): void {
    const events = this.entries().map((entry) => JSON.parse(entry.toString()) as Envelope);
    this.putEntries(edit(events).map(entryOf));
  }
}
