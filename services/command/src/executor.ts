import { isDeepStrictEqual } from "node:util";
import { type Fault, PROBLEMS } from "@countinghouse/contracts";
import { ProblemError } from "@countinghouse/service-kit";
import type { Batcher, Recorded } from "./batcher.ts";
import type { Command } from "./command.ts";
import { firstDifference } from "./first-difference.ts";

const RETRY_AFTER_SECONDS = 1;
const [JSON_TYPE, PROBLEM_TYPE] = [
  "application/json; charset=utf-8",
  "application/problem+json; charset=utf-8",
];

/**
 * Executes a command exactly once per key and gives its answer, the same bytes every time. Throws a
 * 409 while a command with the same key is under way, a 422 when the key belongs to another
 * request.
 */
export type Execute = (command: Command) => Promise<TextAnswer>;

/** An answer whose body is text already, to go out as it is. */
interface TextAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function createExecute(batcher: Batcher): Execute {
  const running = new Set<string>();
  return async (command) => {
    const { scope, key } = command;
    const flight = `${scope} ${key}`;
    if (running.has(flight)) {
      const retryAfterSeconds = RETRY_AFTER_SECONDS;
      throw new ProblemError("idempotency_key_in_flight", { retryAfterSeconds });
    }
    running.add(flight);
    try {
      return answerOf(await batcher.execute(command), command);
    } finally {
      running.delete(flight);
    }
  };
}

function answerOf({ answer, isOwn }: Recorded, command: Command): TextAnswer {
  const { status, response, token } = answer;
  if (!isOwn) checkSameRequest(answer.request, command.request);
  return {
    status,
    body: response,
    headers: {
      "content-type": status >= PROBLEMS.malformed.status ? PROBLEM_TYPE : JSON_TYPE,
      "consistency-token": token,
      ...(!isOwn && { "idempotency-replayed": "true" }),
    },
  };
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

function checkSameRequest(first: string, now: string): void {
  if (first === now) return;
  const [one, other] = [JSON.parse(first) as Request, JSON.parse(now) as Request];
  const isSameRoute = one.method === other.method && one.path === other.path;
  if (isSameRoute && isDeepStrictEqual(one.body, other.body)) return;
  const path = isSameRoute ? firstDifference(one.body, other.body) : "";
  const errors: Fault[] = [{ path, message: "differs from the first request with this key" }];
  throw new ProblemError("idempotency_key_reused", { errors });
}
