import type { Envelope } from "@countinghouse/contracts";
import type { Logger } from "@countinghouse/service-kit";
import {
  type Checkpoint,
  leafAt,
  leafHash,
  parseCheckpoint,
  signCheckpoint,
  type TreeEdge,
} from "@countinghouse/transparency";
import { createBell } from "../bell.ts";
import { TreeMovedError } from "../store/growth.ts";
import { entryOf, grow, type Leaf, leafOf } from "./grow.ts";
import { type LedgerDeps, type OpenedLedger, openLedger } from "./open-ledger.ts";
import { Refusal } from "./refusal.ts";

/** When new events get a checkpoint: so many of them, or so long after the one before. */
const CHECKPOINT_EVENTS = 256;
const CHECKPOINT_EVERY_MS = 1_000;
/** Events of one checkpoint at most. */
const SEAL_EVENTS_MAX = 8_192;
/** Events that wait to be sealed before nothing more is taken. */
const PENDING_MAX = 16_384;
/** Pauses after failures: the first, and the longest. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** What a sealer tells whoever watches. */
export interface SealingObserver {
  sealed(ledger: number, events: number, seconds: number): void;
  /** `recordedAtMs`: of the last event that the checkpoint covers. */
  published(ledger: number, size: number, recordedAtMs: number): void;
  refused(ledger: number, refusal: Refusal): void;
}

export interface SealerDeps extends LedgerDeps {
  readonly logger: Logger;
  readonly observer: SealingObserver;
}

/** The tree of one ledger, growing with its log. */
export interface Sealer {
  readonly ledger: number;
  readonly edge: TreeEdge;
  /** The newest checkpoint that anybody may have; undefined where there is none. */
  readonly published: Checkpoint | undefined;
  readonly refusal: Refusal | undefined;
  /** The position after which the log is to be read: that of the last known event comes again. */
  readonly followAfter: number;
  /** Takes events in their order, and returns once there is room for more. */
  offer(events: readonly Envelope[]): Promise<void>;
  /** Adds a witness's line of signature to the newest checkpoint, if it still has that size. */
  cosign(size: number, line: string): void;
  /** Whether a checkpoint covers so many events, within so many milliseconds. */
  covers(size: number, withinMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

/** Opens a ledger's tree and seals what is offered, in the background. */
export async function startSealer(deps: SealerDeps): Promise<Sealer> {
  const sealer = new LedgerSealer(deps, await openLedger(deps));
  sealer.run();
  return sealer;
}

class LedgerSealer implements Sealer {
  readonly #deps: SealerDeps;
  readonly #pending: Leaf[] = [];
  readonly #arrival = createBell();
  readonly #progress = createBell();
  #edge: TreeEdge;
  #goal: Checkpoint | undefined;
  #published: Checkpoint | undefined;
  /** Stored, and not yet remembered as published. */
  #unpublished: { readonly note: string; readonly recordedAtMs: number } | undefined;
  #refusal: Refusal | undefined;
  /** Why nothing after what waits can be sealed. */
  #unsealable: Refusal | undefined;
  #checkpointAtMs = Number.NEGATIVE_INFINITY;
  #pauseMs = FIRST_PAUSE_MS;
  #isStopping = false;
  #running: Promise<void> | undefined;

  constructor(deps: SealerDeps, { edge, published, goal, refusal }: OpenedLedger) {
    this.#deps = deps;
    this.#edge = edge;
    this.#goal = goal;
    this.#published = published;
    if (refusal !== undefined) this.#refuse(refusal);
  }

  get ledger(): number {
    return this.#deps.ledger;
  }

  get edge(): TreeEdge {
    return this.#edge;
  }

  get published(): Checkpoint | undefined {
    return this.#published;
  }

  get refusal(): Refusal | undefined {
    return this.#refusal;
  }

  get followAfter(): number {
    return Math.max(0, this.#edge.size + this.#pending.length - 1);
  }

  run(): void {
    this.#running = this.#work();
  }

  async offer(events: readonly Envelope[]): Promise<void> {
    for (const event of events) {
      if (this.#refusal !== undefined || this.#unsealable !== undefined) break;
      const next = this.#edge.size + this.#pending.length + 1;
      if (event.position > next) throw new Error(`position ${event.position} instead of ${next}`);
      if (event.position === next) this.#take(event);
      else if (event.position === this.#edge.size) await this.#compare(event);
    }
    this.#arrival.ring();
    while (this.#pending.length >= PENDING_MAX && !this.#isStopping) await this.#progress.rung();
  }

  /** One that cannot be sealed is refused once what came before it is sealed. */
  #take(event: Envelope): void {
    try {
      this.#pending.push(leafOf(event));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#unsealable = error;
    }
  }

  cosign(size: number, line: string): void {
    const published = this.#published;
    if (published?.size !== size || published.note.includes(line)) return;
    this.#published = parseCheckpoint(published.note + line);
  }

  async covers(size: number, withinMs: number): Promise<boolean> {
    const untilMs = performance.now() + withinMs;
    while ((this.#published?.size ?? 0) < size) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0 || this.#isStopping || this.#refusal !== undefined) return false;
      await this.#progress.rung(leftMs);
    }
    return true;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#arrival.ring();
    this.#progress.ring();
    await this.#running;
  }

  /** The last sealed event comes again whenever the log is followed anew: it must be the same. */
  async #compare(event: Envelope): Promise<void> {
    const { reader, ledger } = this.#deps;
    const edge = this.#edge;
    const tree = reader.hashes({ ledger, edge }, edge.size);
    const sealed = await leafAt(tree, event.position - 1);
    if (sealed.equals(leafHash(entryOf(event)))) return;
    this.#refuse(new Refusal("log_differs", event.position));
  }

  async #work(): Promise<void> {
    while (!this.#isStopping && this.#refusal === undefined) {
      try {
        if (this.#unpublished !== undefined) await this.#publish();
        const waitMs = this.#waitMs();
        if (waitMs === undefined) await this.#arrival.rung();
        else if (waitMs > 0) await this.#arrival.rung(waitMs);
        else await this.#seal();
      } catch (error) {
        await this.#recover(error);
      }
    }
  }

  /** Until the next checkpoint is due; undefined while there is nothing to seal. */
  #waitMs(): number | undefined {
    const { length } = this.#pending;
    if (this.#unsealable !== undefined) return 0;
    if (length === 0) return undefined;
    if (length >= CHECKPOINT_EVENTS || this.#goal !== undefined) return 0;
    return this.#checkpointAtMs + CHECKPOINT_EVERY_MS - performance.now();
  }

  async #seal(): Promise<void> {
    if (this.#pending.length === 0 && this.#unsealable !== undefined) throw this.#unsealable;
    const startedAtMs = performance.now();
    const { ledger, store, observer } = this.#deps;
    const room = (this.#goal?.size ?? Number.POSITIVE_INFINITY) - this.#edge.size;
    const leaves = this.#pending.slice(0, Math.min(SEAL_EVENTS_MAX, room));
    const { edge, entries, tiles } = await grow(this.#edge, leaves);
    const from = { size: this.#edge.size, root: this.#edge.root() };
    const to = { size: edge.size, root: edge.root() };
    const note = this.#noteOf(to);
    await store.append({ ledger, from, to, entries, tiles, note });
    this.#edge = edge;
    this.#pending.splice(0, leaves.length);
    this.#pauseMs = FIRST_PAUSE_MS;
    if (note !== undefined) {
      this.#goal = undefined;
      const recordedAtMs = Date.parse(leaves.at(-1)?.recordedAt ?? "");
      this.#unpublished = { note, recordedAtMs };
    }
    observer.sealed(ledger, leaves.length, (performance.now() - startedAtMs) / 1_000);
    this.#progress.ring();
  }

  /** No checkpoint below what was published, and then the very one that was. */
  #noteOf(head: Pick<Checkpoint, "size" | "root">): string | undefined {
    const goal = this.#goal;
    if (goal === undefined) return signCheckpoint(this.#deps.signer, head);
    if (head.size < goal.size) return undefined;
    if (!head.root.equals(goal.root)) throw new Refusal("published_differs", goal.size);
    return goal.note;
  }

  async #publish(): Promise<void> {
    const { ledger, published, observer } = this.#deps;
    if (this.#unpublished === undefined) return;
    const { note, recordedAtMs } = this.#unpublished;
    await published.remember(ledger, note);
    this.#published = parseCheckpoint(note);
    this.#unpublished = undefined;
    this.#checkpointAtMs = performance.now();
    observer.published(ledger, this.#published.size, recordedAtMs);
    this.#progress.ring();
  }

  async #recover(error: unknown): Promise<void> {
    const { ledger, logger } = this.#deps;
    if (error instanceof Refusal) {
      this.#refuse(error);
      return;
    }
    logger.warn({ err: error, ledger }, "events could not be sealed; trying again");
    await this.#progress.rung(this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    if (error instanceof TreeMovedError) await this.#reopen();
  }

  /** Another process has sealed: goes on from what it has stored. */
  async #reopen(): Promise<void> {
    try {
      const { edge, published, goal, refusal } = await openLedger(this.#deps);
      const known = edge.size - this.#edge.size;
      if (refusal !== undefined || known < 0) {
        this.#refuse(refusal ?? new Refusal("broken_tree", edge.size));
        return;
      }
      this.#pending.splice(0, known);
      [this.#edge, this.#published, this.#goal] = [edge, published, goal];
    } catch (error) {
      this.#deps.logger.warn({ err: error }, "the tree could not be read; trying again");
    }
  }

  #refuse(refusal: Refusal): void {
    const { ledger, logger, observer } = this.#deps;
    this.#refusal = refusal;
    this.#pending.length = 0;
    logger.error({ err: refusal, ledger }, "ALARM: this ledger is sealed no further");
    observer.refused(ledger, refusal);
    this.#progress.ring();
  }
}
