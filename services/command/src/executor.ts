import { isDeepStrictEqual } from "node:util";
import { type Fault, PROBLEMS } from "@countinghouse/contracts";
import type { EventStore } from "@countinghouse/event-store";
import { type Logger, ProblemError } from "@countinghouse/service-kit";
import type { Batcher, Recorded, Waiting } from "./batcher.ts";
import type { Command } from "./command.ts";
import { firstDifference } from "./first-difference.ts";
import { createFlights } from "./flights.ts";
import { createRecentKeys } from "./recent-keys.ts";

const [JSON_TYPE, PROBLEM_TYPE] = [
  "application/json; charset=utf-8",
  "application/problem+json; charset=utf-8",
];

const NO_CONTENT = 204;

/** Executes commands exactly once per key and gives their answers, the same bytes every time. */
export interface Executor {
  /**
   * Throws a 409 while a command with the same key is under way, a 422 when the key belongs to
   * another request.
   */
  execute(command: Command): Promise<TextAnswer>;
  /**
   * The answer that the key has already, for a command that cannot be made without asking others.
   * Throws a 422 when the key belongs to another request.
   */
  kept(request: Keyed): Promise<TextAnswer | undefined>;
}

type Keyed = Pick<Command, "scope" | "key" | "request">;

/** An answer whose body is text already, to go out as it is. */
interface TextAnswer {
  readonly status: number;
  /** Absent where the status is that of no content. */
  readonly body?: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ExecutorDeps {
  readonly batcher: Batcher;
  readonly store: EventStore;
  readonly logger: Logger;
}

export function createExecutor({ batcher, store, logger }: ExecutorDeps): Executor {
  const flights = createFlights(store, logger);
  const recent = createRecentKeys();

  async function kept(request: Keyed): Promise<TextAnswer | undefined> {
    const { scope, key } = request;
    const [answer] = await store.findAnswers([{ scope, key }]);
    return answer && answerOf({ answer, isOwn: false }, request);
  }

  function submit(landing: Waiting): void {
    try {
      batcher.submit(landing);
      recent.add(landing.command.key);
    } catch (error) {
      landing.reject(error);
    }
  }

  /** A repeat that goes with a batch costs everyone in it an append that fails. */
  async function submitUnlessKept(landing: Waiting): Promise<void> {
    try {
      const { command } = landing;
      const [answer] = await store.findAnswers([{ scope: command.scope, key: command.key }]);
      if (answer === undefined) submit(landing);
      else landing.resolve({ answer, isOwn: false });
    } catch (error) {
      landing.reject(error);
    }
  }

  return {
    kept,
    execute(command) {
      return new Promise((resolve, reject) => {
        const flight = flights.begin(command, reject);
        const landing: Waiting = {
          command,
          resolve(recorded) {
            flights.end(flight);
            land(recorded, command, resolve, reject);
          },
          reject(error) {
            flights.end(flight);
            reject(error);
          },
        };
        if (recent.has(command.key)) void submitUnlessKept(landing);
        else submit(landing);
      });
    },
  };
}

function land(
  recorded: Recorded,
  command: Command,
  resolve: (answer: TextAnswer) => void,
  reject: (error: unknown) => void,
): void {
  try {
    resolve(answerOf(recorded, command));
  } catch (error) {
    reject(error);
  }
}

function answerOf({ answer, isOwn }: Recorded, asked: Keyed): TextAnswer {
  const { status, response, token } = answer;
  if (!isOwn) checkSameRequest(answer.request, asked.request);
  return {
    status,
    ...(status !== NO_CONTENT && { body: response }),
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
