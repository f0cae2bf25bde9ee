import { randomUUID } from "node:crypto";
import { type Decision, type EventStore, VersionConflictError } from "@countinghouse/event-store";
import { createMetrics, ProblemError } from "@countinghouse/service-kit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Batcher, createBatcher, type Recorded } from "../src/batcher.ts";
import type { Command } from "../src/command.ts";
import { euros } from "./support/command-service.ts";
import { type Bench, openBench } from "./support/in-process.ts";

const AT_ONCE = 200;

type Append = EventStore["append"];

let bench: Bench;
/** What stands between the app and the log, if a test put something there. */
let inTheWay: ((decisions: readonly Decision[], append: Append) => Promise<void>) | undefined;
let lookups = 0;
beforeAll(async () => {
  bench = await openBench((store) => {
    const through = (append: Append): Append => {
      return (decisions) => inTheWay?.(decisions, append) ?? append(decisions);
    };
    return {
      ...store,
      append: through(store.append),
      locked: (ledgers, work) => {
        return store.locked(ledgers, (session) => {
          return work({ ...session, append: through(session.append) });
        });
      },
      findAnswers(keys) {
        lookups += 1;
        return store.findAnswers(keys);
      },
    };
  });
});
afterAll(() => bench.close());
beforeEach(() => {
  inTheWay = undefined;
});

async function anAccount(): Promise<string> {
  const { body } = await bench.post("/v1/accounts", { type: "checking", currency: "EUR" });
  return body.accountId;
}
const deposits = (id: string) => `/v1/accounts/${id}/deposits`;

/** Deposits of 1.00, all at once, under these keys. */
function pay(id: string, keys: readonly string[]) {
  return Promise.all(keys.map((key) => bench.post(deposits(id), euros("1.00"), key)));
}
const keysOf = (count: number) => Array.from({ length: count }, () => randomUUID());

test("commands that come at once are appended together, and counted", async () => {
  const [id, names] = [
    await anAccount(),
    ["commands_appended_total", "command_batch_seconds_count"],
  ];
  const read = () => Promise.all(names.map((name) => bench.metric(name)));
  const [commands = 0, batches = 0] = await read();
  const answers = await pay(id, keysOf(1_000));
  const [commandsAfter = 0, batchesAfter = 0] = await read();
  expect(answers.filter(({ status }) => status !== 201)).toEqual([]);
  expect(commandsAfter - commands).toBe(1_000);
  expect(batchesAfter - batches).toBeLessThan(100);
});

test("a command that the log cannot take fails alone", async () => {
  const [id, keys] = [await anAccount(), keysOf(AT_ONCE)];
  const bad = keys[77];
  inTheWay = async (decisions, append) => {
    if (decisions.some(({ answer }) => answer.key === bad)) throw new Error("not this one");
    await append(decisions);
  };
  const answers = await pay(id, keys);
  const failed = answers.flatMap(({ status }, i) => (status === 201 ? [] : [[i, status]]));
  expect(failed).toEqual([[77, 500]]);
  inTheWay = undefined;
  const [last] = await pay(id, [bad as string]);
  expect(last?.body.balance.value).toBe(`${AT_ONCE}.00`);
});

test("a database that is away is not asked again for every command of a batch", async () => {
  const [id, keys] = [await anAccount(), keysOf(AT_ONCE)];
  let asked = 0;
  inTheWay = async () => {
    asked += 1;
    throw Object.assign(new Error("gone"), { code: "57P01" });
  };
  const answers = await pay(id, keys);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
  expect(answers[0]?.headers["retry-after"]).toBe("1");
  expect(asked).toBeLessThan(10);
});

test("an answer that was lost on its way is found by the retry, once", async () => {
  const [id, keys] = [await anAccount(), keysOf(3)];
  inTheWay = async (decisions, append) => {
    await append(decisions);
    throw Object.assign(new Error("gone"), { code: "ECONNRESET" });
  };
  expect((await pay(id, keys)).map(({ status }) => status)).toEqual([503, 503, 503]);
  inTheWay = undefined;
  const again = await pay(id, keys);
  expect(again.map(({ headers }) => headers["idempotency-replayed"])).toEqual(
    Array(3).fill("true"),
  );
  const [next] = await pay(id, keysOf(1));
  expect(next?.body).toMatchObject({ version: 5, balance: { value: "4.00" } });
});

test("one repeat among many commands costs one look, not one for each", async () => {
  const [id, keys] = [await anAccount(), keysOf(AT_ONCE)];
  await pay(id, keys.slice(0, 1));
  lookups = 0;
  const answers = await pay(id, [...keys.slice(1), ...keys.slice(0, 1)]);
  expect(answers.every(({ status }) => status === 201)).toBe(true);
  expect(answers.filter(({ headers }) => headers["idempotency-replayed"])).toHaveLength(1);
  expect(lookups).toBeLessThan(5);
  const [last] = await pay(id, keysOf(1));
  expect(last?.body.balance.value).toBe(`${AT_ONCE + 1}.00`);
});

test("a conflict that does not end is a 503, and ends", async () => {
  const id = await anAccount();
  let asked = 0;
  inTheWay = async () => {
    asked += 1;
    throw new VersionConflictError("as ever");
  };
  const [answer] = await pay(id, keysOf(1));
  expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
  expect(asked).toBeLessThan(10);
});

/** A command that looks at nothing and is refused, of which only the answer is kept. */
function nothing(): Command {
  return {
    ...{ ledger: 1, reads: [], scope: randomUUID(), key: "k", request: "{}" },
    cause: { actor: { userId: randomUUID(), roles: [] }, correlationId: randomUUID() },
    decide: () => ({ kind: "refused", code: "not_found" }),
  };
}

function execute(batcher: Batcher, command: Command): Promise<Recorded> {
  return new Promise((resolve, reject) => batcher.submit({ command, resolve, reject }));
}

describe("a batcher", () => {
  test("serves whoever comes while a batch fails", async () => {
    const batcher = createBatcher(bench.deps);
    let later: Promise<Recorded> | undefined;
    inTheWay = async () => {
      inTheWay = undefined;
      later = execute(batcher, nothing());
      throw Object.assign(new Error("gone"), { code: "57P01" });
    };
    await expect(execute(batcher, nothing())).rejects.toThrow("gone");
    expect((await later)?.answer.status).toBe(404);
    expect((await execute(batcher, nothing())).isOwn).toBe(true);
  });

  test("answers whoever is in a batch with a bug, and serves whoever comes after", async () => {
    const error = () => {
      throw new Error("no disk for the log");
    };
    const logger = Object.assign(Object.create(bench.deps.logger), { error });
    const batcher = createBatcher({ ...bench.deps, metrics: createMetrics("command"), logger });
    inTheWay = async () => {
      inTheWay = undefined;
      throw new Error("gone");
    };
    await expect(execute(batcher, nothing())).rejects.toThrow("no disk");
    expect((await execute(batcher, nothing())).isOwn).toBe(true);
  });

  test("turns away what is too much, and serves all that waits", async () => {
    const batcher = createBatcher({ ...bench.deps, metrics: createMetrics("command") });
    let open = () => {};
    const gate = new Promise<void>((done) => {
      open = done;
    });
    inTheWay = async (decisions, append) => {
      await gate;
      await append(decisions);
    };
    const first = execute(batcher, nothing());
    const waiting = Array.from({ length: 40_000 }, () => execute(batcher, nothing()));
    await expect(execute(batcher, nothing())).rejects.toThrow(ProblemError);
    open();
    const answers = await Promise.all([first, ...waiting]);
    expect(answers.filter(({ isOwn }) => isOwn)).toHaveLength(40_001);
  });

  test("gives a fault in a decision to its command alone, and counts it not", async () => {
    const metrics = createMetrics("command");
    const batcher = createBatcher({ ...bench.deps, metrics });
    const broken = { ...nothing(), decide: () => fail() };
    const commands = [nothing(), broken, nothing()];
    const outcomes = await Promise.allSettled(commands.map((command) => execute(batcher, command)));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    const counted = await metrics.registry.getSingleMetric("commands_appended_total")?.get();
    expect(counted?.values).toMatchObject([{ value: 2 }]);
  });
});

function fail(): never {
  throw new Error("a bug");
}
