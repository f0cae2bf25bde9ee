import { randomUUID } from "node:crypto";
import type { Logger, ServiceClient, VerificationKey } from "@countinghouse/service-kit";

/** Auth sends a line at least every 500 ms; without one for this long nothing remembered counts. */
const SILENCE_MAX_MS = 1_500;
const RECONNECT_MS = 200;

/** What somebody remembers of the answers of auth. */
export interface Memory {
  /** What was remembered of these sessions is not so any more. */
  forget?(sessions: readonly string[]): void;
  forgetAll(): void;
  /** The keys of access tokens from now on. */
  renewKeys?(keys: readonly VerificationKey[]): void;
}

/** What auth announces: while it is heard, what was told and not taken back may be remembered. */
export interface AuthFeed {
  isFresh(): boolean;
  /** Tells of changes from now on; auth is told that note was taken once all have returned. */
  tell(memory: Memory): void;
  stop(): void;
}

export function followAuth(auth: ServiceClient, logger: Logger): AuthFeed {
  const memories: Memory[] = [];
  const stopping = new AbortController();
  let heardAtMs = Number.NEGATIVE_INFINITY;

  function forgetAll(): void {
    for (const memory of memories) memory.forgetAll();
  }

  function take({ sessions, keys }: Line): void {
    for (const memory of memories) {
      if (keys !== undefined) memory.renewKeys?.(keys);
      if (sessions.length > 0) memory.forget?.(sessions);
    }
  }

  async function follow(): Promise<void> {
    const follower = randomUUID();
    const hangUp = new AbortController();
    const silence = setInterval(() => {
      if (performance.now() - heardAtMs > SILENCE_MAX_MS) hangUp.abort();
    }, SILENCE_MAX_MS);
    try {
      const signal = AbortSignal.any([stopping.signal, hangUp.signal]);
      const response = await auth.open("followSessionChanges", { query: { follower }, signal });
      forgetAll();
      let lastMs = performance.now();
      for await (const text of linesOf(response)) {
        const nowMs = performance.now();
        // After a pause of ours the line is old news: there may be changes behind it.
        if (nowMs - lastMs > SILENCE_MAX_MS) throw new Error("nothing heard for too long");
        lastMs = nowMs;
        const line = JSON.parse(text) as Line;
        take(line);
        heardAtMs = nowMs;
        const { seq, sessions, keys } = line;
        if (sessions.length === 0 && keys === undefined) continue;
        await auth.ask("acknowledgeSessionChanges", { body: { follower, seq } });
      }
    } finally {
      clearInterval(silence);
      hangUp.abort();
      heardAtMs = Number.NEGATIVE_INFINITY;
      forgetAll();
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
    tell: (memory) => void memories.push(memory),
    stop: () => stopping.abort(),
  };
}

interface Line {
  readonly seq: number;
  readonly sessions: readonly string[];
  readonly keys?: readonly VerificationKey[];
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
