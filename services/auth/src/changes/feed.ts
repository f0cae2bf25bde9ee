import type { Readable } from "node:stream";
import { type Logger, ProblemError } from "@countinghouse/service-kit";
import { createFollowers } from "./followers.ts";
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

export function createSessionFeed(databaseUrl: string, logger: Logger): SessionFeed {
  const followers = createFollowers();
  const first = Promise.withResolvers<void>();
  let provenAtMs = Number.NEGATIVE_INFINITY;
  const peers = joinPeers(databaseUrl, logger, {
    onChange: followers.tell,
    onNote: followers.acknowledge,
    onPulse(sentAtMs) {
      if (performance.now() - sentAtMs > PULSE_LATE_MS) return;
      provenAtMs = sentAtMs;
      followers.beat();
      first.resolve();
    },
    onLost() {
      provenAtMs = Number.NEGATIVE_INFINITY;
      followers.cutOffAll();
    },
  });
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
