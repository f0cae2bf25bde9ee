import { randomUUID } from "node:crypto";
import type { Role } from "@countinghouse/contracts";
import type { Logger, ServiceClient } from "@countinghouse/service-kit";

/** Sessions remembered at most; over it all are forgotten and asked for again. */
const SESSIONS_MAX = 50_000;
/** Auth sends a line at least every 500 ms; without one for this long nothing remembered counts. */
const SILENCE_MAX_MS = 1_500;
const RECONNECT_MS = 200;

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
  stop(): void;
}

interface Question {
  readonly answer: Promise<LiveSession | undefined>;
  isStale: boolean;
}

export function createSessionCache(auth: ServiceClient, logger: Logger): SessionCache {
  const known = new Map<string, LiveSession>();
  const asked = new Map<string, Question>();
  let changed: (sessions: readonly string[] | undefined) => void = () => undefined;
  const feed = followChanges(auth, logger, {
    forget(sessions) {
      for (const sessionId of sessions) {
        known.delete(sessionId);
        retract(asked, sessionId);
      }
      if (sessions.length > 0) changed(sessions);
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
    stop: feed.stop,
  };
}

/** The answer under way was true when auth gave it, but must not serve a later request. */
function retract(asked: Map<string, Question>, sessionId: string): void {
  const question = asked.get(sessionId);
  if (question === undefined) return;
  question.isStale = true;
  asked.delete(sessionId);
}

interface Memory {
  forget(sessions: readonly string[]): void;
  forgetAll(): void;
}

interface Feed {
  isFresh(): boolean;
  stop(): void;
}

function followChanges(auth: ServiceClient, logger: Logger, memory: Memory): Feed {
  const stopping = new AbortController();
  let heardAtMs = Number.NEGATIVE_INFINITY;

  async function follow(): Promise<void> {
    const follower = randomUUID();
    const hangUp = new AbortController();
    const silence = setInterval(() => {
      if (performance.now() - heardAtMs > SILENCE_MAX_MS) hangUp.abort();
    }, SILENCE_MAX_MS);
    try {
      const signal = AbortSignal.any([stopping.signal, hangUp.signal]);
      const response = await auth.open("followSessionChanges", { query: { follower }, signal });
      memory.forgetAll();
      let lastMs = performance.now();
      for await (const line of linesOf(response)) {
        const nowMs = performance.now();
        // After a pause of ours the line is old news: there may be changes behind it.
        if (nowMs - lastMs > SILENCE_MAX_MS) throw new Error("nothing heard for too long");
        lastMs = nowMs;
        const { seq, sessions } = JSON.parse(line) as { seq: number; sessions: string[] };
        memory.forget(sessions);
        heardAtMs = nowMs;
        if (sessions.length === 0) continue;
        await auth.ask("acknowledgeSessionChanges", { body: { follower, seq } });
      }
    } finally {
      clearInterval(silence);
      hangUp.abort();
      heardAtMs = Number.NEGATIVE_INFINITY;
      memory.forgetAll();
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await follow().catch((err: unknown) => {
        if (!stopping.signal.aborted) logger.warn({ err }, "session feed lost");
      });
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
    }
  }

  void run();
  return {
    isFresh: () => performance.now() - heardAtMs <= SILENCE_MAX_MS,
    stop: () => stopping.abort(),
  };
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  if (response.body === null) return;
  let rest = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    yield* parts.filter((line) => line !== "");
  }
}
