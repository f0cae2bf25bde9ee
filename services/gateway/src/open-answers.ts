import type { Metrics } from "@countinghouse/service-kit";
import type { Caller } from "./authenticate.ts";
import type { LiveSession, SessionCache } from "./session-cache.ts";
import type { TokenKeys } from "./token-keys.ts";

/** How often the sessions of open answers are asked about even when nobody announces a change. */
const CHECK_EVERY_MS = 5_000;

/**
 * Answers that stay open. Each ends when the token that it was asked for with does: when it
 * expires, when its key is no longer good, when its session ends or may do other things than
 * before, and when nobody can tell.
 */
export interface OpenAnswers {
  /** Calls `end` when the token ends. The returned function says that the answer has ended. */
  watch(caller: Caller, end: () => void): () => void;
  /** Ends all. */
  close(): void;
}

interface Watched {
  readonly session: LiveSession;
  readonly kid: string;
  readonly end: () => void;
}

export function createOpenAnswers(
  sessions: SessionCache,
  keys: Pick<TokenKeys, "isGood" | "onChange">,
  metrics: Metrics,
): OpenAnswers {
  const bySession = new Map<string, Set<Watched>>();
  const ended = metrics.counter("open_answers_ended_total", "Answers ended with their token");
  metrics.gauge("open_answers", "Answers that stay open", [], (gauge) => {
    gauge.set([...bySession.values()].reduce((sum, { size }) => sum + size, 0));
  });

  async function check(sessionId: string): Promise<void> {
    const session = await Promise.resolve(sessions.find(sessionId)).catch(() => undefined);
    for (const watched of bySession.get(sessionId) ?? []) {
      const isSame = session !== undefined && mayTheSame(session, watched.session);
      if (isSame && keys.isGood(watched.kid)) continue;
      ended.inc();
      watched.end();
    }
  }

  let isChecking = false;
  /** One after the other: while auth is not heard, each is a question to it. */
  async function checkAll(): Promise<void> {
    if (isChecking) return;
    isChecking = true;
    for (const sessionId of [...bySession.keys()]) await check(sessionId);
    isChecking = false;
  }

  const timer = setInterval(() => void checkAll(), CHECK_EVERY_MS);
  timer.unref();
  keys.onChange(() => void checkAll());
  sessions.onChange((changed) => {
    if (changed === undefined) void checkAll();
    else for (const sessionId of changed) if (bySession.has(sessionId)) void check(sessionId);
  });

  return {
    watch({ session, expiresAtMs, kid }, end) {
      const { sessionId } = session;
      const watched = { session, kid, end };
      const expiry = setTimeout(() => {
        ended.inc();
        end();
      }, expiresAtMs - Date.now());
      bySession.set(sessionId, (bySession.get(sessionId) ?? new Set()).add(watched));
      return () => {
        clearTimeout(expiry);
        const left = bySession.get(sessionId);
        left?.delete(watched);
        if (left?.size === 0) bySession.delete(sessionId);
      };
    },
    close() {
      clearInterval(timer);
      for (const { end } of [...bySession.values()].flatMap((some) => [...some])) end();
    },
  };
}

function mayTheSame(one: LiveSession, other: LiveSession): boolean {
  return [...one.roles].sort().join() === [...other.roles].sort().join();
}
