import type { BusLogger } from "@countinghouse/bus";
import {
  type BankEvent,
  type Catalogue,
  type Envelope,
  EVENTS,
  TOPICS,
} from "@countinghouse/contracts";
import { type Counts, createApplier } from "./apply.ts";
import type { StoppedAccount } from "./plan.ts";
import { release } from "./release.ts";
import type { EventSource } from "./sources/source.ts";
import type { SubscriberStore } from "./stores/store.ts";

/** Stopped accounts that are listed. */
const STOPPED_MAX = 1_000;

export interface SubscribeOptions<Tx> {
  /** By their public names. Default: the account events, which the log over HTTP has, too. */
  readonly topics?: readonly string[];
  readonly from: EventSource;
  readonly store: SubscriberStore<Tx>;
  /**
   * Gets every event once, those of an account in their order, in the newest version of their
   * types. What it does in `tx` is stored together with the progress; up to 1,000 events share a
   * transaction. It may run again for an event whose transaction was not committed, so what it does
   * elsewhere may be done twice. Throws a StopAccountError for what can never be applied; after any
   * other error the batch comes again, with growing pauses, for ever.
   */
  readonly onEvent: (event: BankEvent, tx: Tx) => Promise<void> | void;
  /** Gets the events of types that this release of the kit does not know; without it they stop. */
  readonly onUnknown?: (envelope: Envelope, tx: Tx) => Promise<void> | void;
  /** Told of an account that has stopped, once that is stored. */
  readonly onStopped?: (stopped: StoppedAccount) => void;
  /** Default: warnings and errors on the console. */
  readonly logger?: BusLogger;
}

export interface Subscription {
  /** After it resolves `onEvent` is not called any more, and every transaction has ended. */
  stop(): Promise<void>;
  /** Accounts that have stopped and wait to be released, at most 1,000. */
  stopped(): Promise<StoppedAccount[]>;
  /**
   * Brings an account up to date from the log, whatever it was stopped by, and lets it go on. False
   * when it stops again.
   * @throws NoLogError the source has no log over HTTP
   * @throws NotMendedError
   */
  release(accountId: string): Promise<boolean>;
  counts(): Counts;
}

/**
 * Hands every event of the bank's accounts to `onEvent`, each once as far as its transaction can
 * tell, those of an account in the order of their versions. Begins at once, and at the first event
 * where nothing is stored yet. Throws a RangeError for topics that the source does not have.
 */
export function subscribe<Tx>(options: SubscribeOptions<Tx>): Subscription {
  return subscribeWith(options, EVENTS);
}

/** The same with the event types of another release. */
export function subscribeWith<Tx>(
  options: SubscribeOptions<Tx>,
  catalogue: Catalogue,
): Subscription {
  const { from, store, topics = [TOPICS.accountEvents], logger = onConsole } = options;
  const applier = createApplier({ ...options, logger, catalogue });
  const stopping = new AbortController();
  const releases = new Set<Promise<unknown>>();
  const subscription = from.follow({ topics, store, onBatch: applier.take, logger });
  subscription.run();
  return {
    async stop() {
      stopping.abort();
      await subscription.stop();
      await Promise.allSettled(releases);
    },
    stopped: () => store.stopped(STOPPED_MAX),
    async release(accountId) {
      stopping.signal.throwIfAborted();
      const work = release({ from, store, applier }, accountId.toLowerCase(), stopping.signal);
      releases.add(work);
      return work.finally(() => releases.delete(work));
    },
    counts: applier.counts,
  };
}

const onConsole: BusLogger = {
  info: () => undefined,
  warn: (facts, text) => console.warn(text, facts),
  error: (facts, text) => console.error(text, facts),
};
