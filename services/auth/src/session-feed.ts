import { Readable } from "node:stream";
import { ProblemError } from "@countinghouse/service-kit";

/** Gateways that follow at once. */
const FOLLOWERS_MAX = 64;
/** A follower forgets everything when it hears nothing for 1.5 s. */
const HEARTBEAT_MS = 500;
/** Longer than that silence: a follower cut off for not answering has forgotten by then. */
const ACKNOWLEDGE_WITHIN_MS = 2_000;
/** What a follower has not taken yet; with more than that it is cut off. */
const UNSENT_BYTES_MAX = 1024 * 1024;

/**
 * Tells every gateway which sessions have changed, and waits until each has taken note. Gateways
 * remember the answers of checkSession, so whoever changes a session answers its caller only once
 * `announce` has resolved: from then on no gateway acts on what was before.
 *
 * The feed knows the gateways that are connected to this process. Several auth processes would have
 * to announce each other's changes, by LISTEN and NOTIFY.
 */
export interface SessionFeed {
  /** The lines for a gateway, `{"seq":n,"sessions":[…]}`. Throws a 503 when there are too many. */
  follow(follower: string): Readable;
  /** The gateway has taken note of all lines up to `seq`. Throws a 404 for one that is cut off. */
  acknowledge(follower: string, seq: number): void;
  /** Resolves once every gateway has taken note, or has been cut off for not saying so. */
  announce(sessions: readonly string[]): Promise<void>;
  stop(): void;
}

export function createSessionFeed(): SessionFeed {
  const followers = new Map<string, Follower>();
  let last = 0;
  let isStopped = false;
  const heartbeat = setInterval(() => {
    for (const follower of followers.values()) follower.tell(last, []);
  }, HEARTBEAT_MS);

  return {
    follow(id) {
      followers.get(id)?.cutOff();
      if (isStopped || followers.size >= FOLLOWERS_MAX) {
        throw new ProblemError("unavailable", { retryAfterSeconds: 1 });
      }
      const follower = createFollower(() => followers.delete(id));
      followers.set(id, follower);
      follower.tell(last, []);
      return follower.lines;
    },
    acknowledge(id, seq) {
      const follower = followers.get(id);
      if (follower === undefined) throw new ProblemError("not_found");
      follower.acknowledge(seq);
    },
    async announce(sessions) {
      if (sessions.length === 0) return;
      last += 1;
      const notes = [...followers.values()].map((follower) => {
        const note = follower.noteOf(last);
        follower.tell(last, sessions);
        return note;
      });
      await Promise.all(notes);
    },
    stop() {
      isStopped = true;
      clearInterval(heartbeat);
      for (const follower of followers.values()) follower.end();
    },
  };
}

interface Follower {
  readonly lines: Readable;
  tell(seq: number, sessions: readonly string[]): void;
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
    tell(seq, sessions) {
      if (isOver) return;
      lines.push(`${JSON.stringify({ seq, sessions })}\n`);
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
