import type { Readable } from "node:stream";
import { type Logger, ProblemError } from "@countinghouse/service-kit";
import type { KeyRing } from "../token-keys/ring.ts";
import { createFollowers } from "./followers.ts";
import type { Change } from "./message.ts";
import { joinPeers, type Peers, PULSE_EVERY_MS } from "./peers.ts";

/** A pulse that came back later than this proves nothing: what came with it may be as late. */
const PULSE_LATE_MS = 800;

/**
 * Tells every gateway which sessions have changed, whichever process of auth it follows, and waits
 * until each has taken note. Gateways remember the answers of checkSession, so whoever changes a
 * session announces it in the same transaction, and answers its caller only once the announcement
 * is settled: from then on no gateway acts on what was before.
 */
export interface SessionFeed extends Pick<Peers, "announce"> {
  /** Resolves once this process hears the others, or after `withinMs`. */
  listening(withinMs: number): Promise<void>;
  /** The lines for a gateway. Throws a 503 while this process does not hear the others. */
  follow(follower: string): Readable;
  /** A gateway, of this process or another, has taken note of all lines up to `seq`. */
  acknowledge(follower: string, seq: number): void;
  /** Ends the lines of all gateways, which would keep the service open. */
  endLines(): void;
  stop(): Promise<void>;
}

interface FeedDeps {
  readonly databaseUrl: string;
  readonly logger: Logger;
  readonly keys: Pick<KeyRing, "load" | "verificationKeys">;
  /** Sees to it that there is a key that signs; done before any gateway may follow. */
  prepareKeys(announce: Peers["announce"]): Promise<void>;
}

export function createSessionFeed(deps: FeedDeps): SessionFeed {
  const { databaseUrl, logger, keys } = deps;
  const followers = createFollowers(keys.verificationKeys);
  const first = Promise.withResolvers<void>();
  let provenAtMs = Number.NEGATIVE_INFINITY;
  const inTurn = createTurns();
  const peers: Peers = joinPeers(databaseUrl, logger, {
    async onListening() {
      await deps.prepareKeys(peers.announce);
      await inTurn(keys.load);
    },
    onChange: tell,
    onNote: followers.acknowledge,
    // After what was heard before it, for that is what it proves.
    onPulse: (sentAtMs) => void inTurn(async () => prove(sentAtMs)),
    onLost() {
      provenAtMs = Number.NEGATIVE_INFINITY;
      followers.cutOffAll();
    },
  });

  async function tell({ sessions = [], keys: areOthers = false }: Change): Promise<void> {
    let noted: Promise<void> | undefined;
    await inTurn(async () => {
      if (areOthers) await keys.load();
      noted = followers.tell({ sessions, ...(areOthers && { keys: keys.verificationKeys() }) });
    });
    await noted;
  }

  function prove(sentAtMs: number): void {
    if (performance.now() - sentAtMs > PULSE_LATE_MS) return;
    provenAtMs = sentAtMs;
    followers.beat();
    first.resolve();
  }

  return {
    announce: peers.announce,
    async listening(withinMs) {
      const timer = setTimeout(first.resolve, withinMs);
      await first.promise;
      clearTimeout(timer);
    },
    follow(follower) {
      if (performance.now() - provenAtMs > PULSE_EVERY_MS + PULSE_LATE_MS) {
        throw new ProblemError("unavailable", { retryAfterSeconds: 1 });
      }
      return followers.follow(follower);
    },
    acknowledge(follower, seq) {
      if (!followers.acknowledge(follower, seq)) peers.passOn(follower, seq);
    },
    endLines: followers.stop,
    stop: () => peers.stop(followers.count > 0),
  };
}

/** Runs one work after another, whether those before it fail or not. */
function createTurns(): (work: () => Promise<void>) => Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
}
