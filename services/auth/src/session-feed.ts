import { Readable } from "node:stream";
import { ProblemError } from "@countinghouse/service-kit";

/** Gateways that follow at once. */
const FOLLOWERS_MAX = 64;
/** A follower forgets everything when it hears nothing for 1.5 s. */
const HEARTBEAT_MS = 500;
/** Longer than that silence: a follower cut off for not answering has forgotten by then. */
const ACKNOWLEDGE_WITHIN_MS = 2_000;
/** Lines that a follower has not taken yet; beyond it the follower is cut off. */
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
  /** The lines for one gateway, `{"seq":n,"sessions":[…]}`. Throws a 503 when there are too many. */
  follow(follower: string): Readable;
  /** The gateway has taken note of all lines up to `seq`. Throws a 404 for one that is cut off. */
  acknowledge(follower: string, seq: number): void;
  /** Resolves once every gateway has taken note, or has been cut off for not saying so. */
  announce(sessions: readonly string[]): Promise<void>;
  stop(): void;
}

interface Note {
  readonly seq: number;
  readonly resolve: () => void;
}

interface Follower {
  readonly lines: Readable;
  /** What it has not taken note of yet. */
  readonly waiting: Set<Note>;
}

export function createSessionFeed(): SessionFeed {
  const followers = new Map<string, Follower>();
  let last = 0;
  let isStopped = false;
  const heartbeat = setInterval(() => {
    for (const [id, follower] of followers) tell(id, follower, []);
  }, HEARTBEAT_MS);

  function tell(id: string, { lines }: Follower, sessions: readonly string[]): void {
    // A stopped feed is silent, so its followers forget by themselves.
    if (isStopped) return;
    lines.push(`${JSON.stringify({ seq: last, sessions })}\n`);
    if (lines.readableLength > UNSENT_BYTES_MAX) cutOff(id);
  }

  function cutOff(id: string): void {
    const follower = followers.get(id);
    if (follower === undefined) return;
    followers.delete(id);
    follower.lines.destroy();
    for (const { resolve } of follower.waiting) resolve();
  }

  function acknowledged(id: string, { waiting }: Follower, seq: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const note = { seq, resolve };
    waiting.add(note);
    const timer = setTimeout(() => cutOff(id), ACKNOWLEDGE_WITHIN_MS);
    return promise.finally(() => {
      clearTimeout(timer);
      waiting.delete(note);
    });
  }

  return {
    follow(id) {
      cutOff(id);
      if (isStopped || followers.size >= FOLLOWERS_MAX) {
        throw new ProblemError("unavailable", { retryAfterSeconds: 1 });
      }
      const follower: Follower = {
        lines: new Readable({ read: () => undefined }),
        waiting: new Set(),
      };
      followers.set(id, follower);
      follower.lines.once("close", () => {
        if (!isStopped && followers.get(id) === follower) cutOff(id);
      });
      tell(id, follower, []);
      return follower.lines;
    },
    acknowledge(id, seq) {
      const follower = followers.get(id);
      if (follower === undefined) throw new ProblemError("not_found");
      for (const note of follower.waiting) if (note.seq <= seq) note.resolve();
    },
    async announce(sessions) {
      if (sessions.length === 0) return;
      last += 1;
      const notes = [...followers].map(([id, follower]) => {
        const note = acknowledged(id, follower, last);
        tell(id, follower, sessions);
        return note;
      });
      await Promise.all(notes);
    },
    stop() {
      isStopped = true;
      clearInterval(heartbeat);
      for (const { lines } of followers.values()) lines.push(null);
    },
  };
}
