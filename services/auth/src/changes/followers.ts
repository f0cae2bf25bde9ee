import { Readable } from "node:stream";
import { ProblemError, type VerificationKey } from "@countinghouse/service-kit";

/** Gateways that follow at once. */
const FOLLOWERS_MAX = 64;
/** Longer than 1.5 s, after which a follower that hears nothing has forgotten everything. */
const ACKNOWLEDGE_WITHIN_MS = 2_000;
/** What a follower has not taken yet; with more than that it is cut off. */
const UNSENT_BYTES_MAX = 1024 * 1024;

/**
 * The gateways that follow this process. A gateway remembers the answers of checkSession for as
 * long as it hears lines, so a line says: up to here you have been told of all changes.
 */
export interface Followers {
  readonly count: number;
  /**
   * The lines for a gateway, `{"seq":n,"sessions":[…]}`, the first of them, and each after a change
   * of keys, with `keys`. Throws a 503 when there are too many.
   */
  follow(follower: string): Readable;
  /** The gateway has taken note of all lines up to `seq`. False for one that is not here. */
  acknowledge(follower: string, seq: number): boolean;
  /** Tells all of them that nothing has changed. */
  beat(): void;
  /** Resolves once every gateway has taken note, or has been cut off for not saying so. */
  tell(news: News): Promise<void>;
  /** They were not told all there was: each has to come again, and remembers nothing till then. */
  cutOffAll(): void;
  stop(): void;
}

interface News {
  readonly sessions?: readonly string[];
  readonly keys?: readonly VerificationKey[];
}

export function createFollowers(keys: () => readonly VerificationKey[]): Followers {
  const followers = new Map<string, Follower>();
  let last = 0;
  let isStopped = false;
  return {
    get count() {
      return followers.size;
    },
    follow(id) {
      followers.get(id)?.cutOff();
      if (isStopped || followers.size >= FOLLOWERS_MAX) {
        throw new ProblemError("unavailable", { retryAfterSeconds: 1 });
      }
      const follower = createFollower(() => followers.delete(id));
      followers.set(id, follower);
      follower.tell(last, { keys: keys() });
      return follower.lines;
    },
    acknowledge(id, seq) {
      followers.get(id)?.acknowledge(seq);
      return followers.has(id);
    },
    beat() {
      for (const follower of followers.values()) follower.tell(last, {});
    },
    async tell(news) {
      last += 1;
      const notes = [...followers.values()].map((follower) => {
        const note = follower.noteOf(last);
        follower.tell(last, news);
        return note;
      });
      await Promise.all(notes);
    },
    cutOffAll() {
      for (const follower of [...followers.values()]) follower.cutOff();
    },
    stop() {
      isStopped = true;
      for (const follower of followers.values()) follower.end();
    },
  };
}

interface Follower {
  readonly lines: Readable;
  tell(seq: number, news: News): void;
  /** Resolves once `seq` is acknowledged, or after two seconds, when the follower is cut off. */
  noteOf(seq: number): Promise<void>;
  acknowledge(seq: number): void;
  /** Ends the lines. The follower is silent from here on, and so forgets all by itself. */
  end(): void;
  cutOff(): void;
}

function createFollower(onGone: () => void): Follower {
  const lines = new Readable({ read: () => undefined });
  const waiting = new Set<{ readonly seq: number; readonly resolve: () => void }>();
  let isOver = false;

  function cutOff(): void {
    isOver = true;
    onGone();
    lines.destroy();
    for (const { resolve } of waiting) resolve();
  }
  lines.once("close", () => {
    if (!isOver) cutOff();
  });

  return {
    lines,
    tell(seq, { sessions = [], keys }) {
      if (isOver) return;
      lines.push(`${JSON.stringify({ seq, sessions, keys })}\n`);
      if (lines.readableLength > UNSENT_BYTES_MAX) cutOff();
    },
    noteOf(seq) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const note = { seq, resolve };
      waiting.add(note);
      const timer = setTimeout(cutOff, ACKNOWLEDGE_WITHIN_MS);
      return promise.finally(() => {
        clearTimeout(timer);
        waiting.delete(note);
      });
    },
    acknowledge(seq) {
      for (const note of waiting) if (note.seq <= seq) note.resolve();
    },
    end() {
      isOver = true;
      lines.push(null);
    },
    cutOff,
  };
}
