import {
  type Checkpoint,
  type FullTile,
  formatVerifierKey,
  type Hash,
  leafHash,
  partialsOf,
  TILE_WIDTH,
  TreeEdge,
  tilePath,
  type VerifierKey,
} from "@countinghouse/transparency";
import {
  type BundleHead,
  checkSignature,
  type ReadFile,
  readChunks,
  readClaims,
  readHead,
} from "./bundle.ts";
import { Comparison, hashesOf } from "./comparison.ts";
import { eventOf } from "./events.ts";
import { type Finding, Findings } from "./findings.ts";
import { type CurrencyTotal, LedgerFold } from "./ledger-fold.ts";

export interface VerifyOptions {
  /** The key that the verifier trusts; the bundle's own is taken at its word without it. */
  readonly key?: VerifierKey;
  /** A checkpoint that was seen before: the log must begin with it. */
  readonly against?: Checkpoint;
  /** Told how many events have been checked. */
  readonly onProgress?: (events: number) => void;
}

/** What a verification has come to. */
export interface Verdict {
  readonly isClean: boolean;
  readonly findings: readonly Finding[];
  readonly counts: ReadonlyMap<string, number>;
  readonly origin: string | undefined;
  readonly size: number;
  readonly root: Hash | undefined;
  readonly accounts: number;
  readonly totals: readonly CurrencyTotal[];
}

/**
 * Checks a bundle with nothing but its files: every signature, leaf, tile and root, the
 * consistency with an older checkpoint, and every account, folded anew.
 */
export async function verifyBundle(read: ReadFile, options: VerifyOptions = {}): Promise<Verdict> {
  const findings = new Findings();
  const report = (finding: Finding) => findings.add(finding);
  const head = await readHead(read, report);
  if (head === undefined) return verdictOf(findings, undefined, undefined);
  checkKey(head, options, report);
  const fold = new LedgerFold(report, await readClaims(read, report));
  const walk = new Walk(head, read, fold, report, options);
  await walk.run();
  fold.finish();
  return verdictOf(findings, head, fold);
}

function verdictOf(
  findings: Findings,
  head: BundleHead | undefined,
  fold: LedgerFold | undefined,
): Verdict {
  return {
    isClean: findings.all.length === 0,
    findings: findings.all,
    counts: findings.counts,
    origin: head?.checkpoint.origin,
    size: head?.checkpoint.size ?? 0,
    root: head?.checkpoint.root,
    accounts: fold?.accountCount ?? 0,
    totals: fold?.totals() ?? [],
  };
}

function checkKey(
  { key, checkpoint }: BundleHead,
  { key: trusted, against }: VerifyOptions,
  report: (finding: Finding) => void,
): void {
  if (trusted !== undefined && formatVerifierKey(trusted) !== formatVerifierKey(key)) {
    report({ code: "another_key", about: formatVerifierKey(key) });
    checkSignature(checkpoint, trusted, "checkpoint, by the key that was given", report);
  }
  if (against === undefined) return;
  if (against.origin !== checkpoint.origin) {
    report({ code: "another_log", about: `${checkpoint.origin}, not ${against.origin}` });
  }
  checkSignature(against, trusted ?? key, "the checkpoint that was seen before", report);
  if (against.size > checkpoint.size) {
    report({ code: "rolled_back", position: checkpoint.size + 1, until: against.size });
  }
}

/** In the place of what a missing file would have had. */
const ABSENT = "absent";
type Entry = Buffer | typeof ABSENT;
type Leaf = Hash | typeof ABSENT;

function presentOf(leaf: Leaf | undefined): Hash | undefined {
  return leaf === ABSENT ? undefined : leaf;
}

/** One way through a bundle. Trees of events and of hashes are one until they differ. */
class Walk {
  readonly #head: BundleHead;
  readonly #read: ReadFile;
  readonly #fold: LedgerFold;
  readonly #report: (finding: Finding) => void;
  readonly #options: VerifyOptions;
  readonly #comparison = new Comparison();
  readonly #events = TreeEdge.empty();
  #hashes: TreeEdge = this.#events;
  readonly #tiles: FullTile[] = [];
  /** Checkpoints that the log must have passed through, by their sizes. */
  readonly #passed = new Map<number, { readonly about: string; readonly root: Hash }[]>();
  /** The largest size at which it has been what it was. */
  #agreed = 0;
  #position = 0;

  constructor(
    head: BundleHead,
    read: ReadFile,
    fold: LedgerFold,
    report: (finding: Finding) => void,
    options: VerifyOptions,
  ) {
    [this.#head, this.#read, this.#fold] = [head, read, fold];
    [this.#report, this.#options] = [report, options];
    for (const [about, { size, root }] of head.earlier) this.#passes(size, { about, root });
    const { against } = options;
    const about = "the checkpoint that was seen before";
    if (against !== undefined) this.#passes(against.size, { about, root: against.root });
  }

  #passes(size: number, at: { readonly about: string; readonly root: Hash }): void {
    this.#passed.set(size, [...(this.#passed.get(size) ?? []), at]);
  }

  async run(): Promise<void> {
    const { size } = this.#head.checkpoint;
    const [entries, leaves]: [Entry[], Leaf[]] = [[], []];
    this.#lookBack();
    for await (const chunk of readChunks(this.#read, size, this.#report)) {
      const absent = Array<typeof ABSENT>(chunk.width).fill(ABSENT);
      entries.push(...(chunk.entries ?? absent));
      leaves.push(...(chunk.leaves === undefined ? absent : hashesOf(chunk.leaves)));
      const count = Math.min(entries.length, leaves.length);
      for (let i = 0; i < count; i += 1) this.#step(entries[i], leaves[i]);
      entries.splice(0, count);
      leaves.splice(0, count);
      await this.#compareTiles();
      this.#options.onProgress?.(this.#position);
    }
    for (let i = 0; i < Math.max(entries.length, leaves.length); i += 1) {
      this.#step(entries[i], leaves[i]);
    }
    await this.#compareTiles();
    await this.#finish();
  }

  /** Where a file is absent, the other side stands in for it: its absence is reported already. */
  #step(entry: Entry | undefined, hash: Leaf | undefined): void {
    const own = entry === ABSENT ? ABSENT : entry && leafHash(entry);
    const leaf = own === ABSENT ? presentOf(hash) : own;
    const tileLeaf = hash === ABSENT ? presentOf(own) : hash;
    const isSplit = this.#comparison.differs;
    if (this.#comparison.next(leaf, tileLeaf) && !isSplit) this.#hashes = this.#events.copy();
    const isOne = this.#hashes === this.#events;
    if (leaf !== undefined) this.#events.append(leaf, (tile) => isOne && this.#tiles.push(tile));
    if (tileLeaf !== undefined && !isOne) {
      this.#hashes.append(tileLeaf, (tile) => this.#tiles.push(tile));
    }
    this.#lookBack();
    if (entry === undefined) return;
    this.#position += 1;
    if (entry === ABSENT) return;
    const event = eventOf(entry, this.#position, this.#head.ledger, this.#report);
    if (event !== undefined) this.#fold.apply(event);
  }

  /** At the size of an older checkpoint the tree must have been that tree. */
  #lookBack(): void {
    const { size } = this.#hashes;
    const passed = this.#passed.get(size);
    if (passed === undefined) return;
    this.#passed.delete(size);
    const root = this.#hashes.root();
    const others = passed.filter((checkpoint) => !checkpoint.root.equals(root));
    for (const { about } of others) {
      this.#report({ code: "forked", position: this.#agreed + 1, until: size, about });
    }
    if (others.length === 0) this.#agreed = size;
  }

  /** Upper tiles must be what follows from the leaves below them. */
  async #compareTiles(): Promise<void> {
    for (const { level, index, hashes } of this.#tiles.splice(0)) {
      if (level > 0) await this.#compareTile(level, index, hashes);
    }
  }

  async #compareTile(level: number, index: number, hashes: Buffer): Promise<void> {
    const path = tilePath({ level, index, width: hashes.length / 32 });
    const found = hashesOf((await this.#read(path)) ?? Buffer.alloc(0));
    const wanted = hashesOf(hashes);
    const wrong = wanted.findIndex((hash, i) => !found[i]?.equals(hash));
    if (wrong === -1 && found.length === wanted.length) return;
    const place = index * TILE_WIDTH + Math.max(wrong, 0);
    this.#report({ code: "tile_changed", position: place * TILE_WIDTH ** level + 1, about: path });
  }

  async #finish(): Promise<void> {
    const { size, root } = this.#head.checkpoint;
    for (const { level, index, width } of partialsOf(this.#hashes.size)) {
      const hashes = this.#hashes.partialTile(Number(level));
      if (Number(level) > 0 && width > 0) await this.#compareTile(Number(level), index, hashes);
    }
    const isSigned = (edge: TreeEdge) => edge.size === size && edge.root().equals(root);
    const [isEvents, isHashes] = [isSigned(this.#events), isSigned(this.#hashes)];
    const finding = this.#comparison.finding();
    if (isEvents && isHashes && finding === undefined) return;
    const { position } = this.#comparison;
    if (isEvents) {
      const index = Math.floor((position - 1) / TILE_WIDTH);
      const about = `tile/0/…, tile ${index} of the leaves`;
      this.#report({ code: "tile_changed", position, about });
      return;
    }
    if (finding !== undefined) this.#report(finding);
    if (!isHashes) this.#report({ code: "root_differs", position: 1, until: size });
  }
}
