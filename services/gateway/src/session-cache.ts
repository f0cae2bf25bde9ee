import type { Role } from "@countinghouse/contracts";
import type { ServiceClient } from "@countinghouse/service-kit";
import type { AuthFeed } from "./auth-feed.ts";

/** Sessions remembered at most; over it all are forgotten and asked for again. */
const SESSIONS_MAX = 50_000;

/** A live session: whose it is and what that user may do now. */
export interface LiveSession {
  readonly sessionId: string;
  readonly userId: string;
  readonly roles: readonly Role[];
}

/**
 * What the gateway knows of sessions. It may remember an answer of auth only because auth tells
 * every gateway of a change, and waits until each has forgotten, before it answers whoever made the
 * change: so the next call after a logout is refused everywhere. While the gateway does not hear
 * from auth it remembers nothing and asks for every request.
 */
export interface SessionCache {
  /** The session if it is alive, else undefined. Throws a 503 when nobody can tell. */
  find(sessionId: string): Promise<LiveSession | undefined> | LiveSession | undefined;
  /** Told which sessions have changed; without a list any may have. One listener. */
  onChange(listener: (sessions: readonly string[] | undefined) => void): void;
}

interface Question {
  readonly answer: Promise<LiveSession | undefined>;
  isStale: boolean;
}

export function createSessionCache(auth: ServiceClient, feed: AuthFeed): SessionCache {
  const known = new Map<string, LiveSession>();
  const asked = new Map<string, Question>();
  let changed: (sessions: readonly string[] | undefined) => void = () => undefined;
  feed.tell({
    forget(sessions) {
      for (const sessionId of sessions) {
        known.delete(sessionId);
        retract(asked, sessionId);
      }
      changed(sessions);
    },
    forgetAll() {
      known.clear();
      for (const sessionId of [...asked.keys()]) retract(asked, sessionId);
      changed(undefined);
    },
  });

  function ask(sessionId: string): Promise<LiveSession | undefined> {
    const answer = auth.ask("checkSession", { params: { sessionId } }).then((found) => {
      return found && { sessionId, userId: found.userId, roles: found.roles };
    });
    const question: Question = { answer, isStale: false };
    asked.set(sessionId, question);
    const settle = (session?: LiveSession) => {
      if (asked.get(sessionId) === question) asked.delete(sessionId);
      if (session === undefined || question.isStale || !feed.isFresh()) return;
      if (known.size >= SESSIONS_MAX) known.clear();
      known.set(sessionId, session);
    };
    answer.then(settle, () => settle());
    return answer;
  }

  return {
    find(sessionId) {
      // Unheard, a question under way may be from before a change: everyone asks for themselves.
      if (!feed.isFresh()) return ask(sessionId);
      return known.get(sessionId) ?? asked.get(sessionId)?.answer ?? ask(sessionId);
    },
    onChange(listener) {
      changed = listener;
    },
  };
}

/** The answer under way was true when auth gave it, but must not serve a later request. */
function retract(asked: Map<string, Question>, sessionId: string): void {
  const question = asked.get(sessionId);
  if (question === undefined) return;
  question.isStale = true;
  asked.delete(sessionId);
}
