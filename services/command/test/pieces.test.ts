import { randomBytes, randomUUID } from "node:crypto";
import type { NewEvent, StoredStream } from "@countinghouse/event-store";
import { createConsistencyTokens } from "@countinghouse/service-kit";
import { describe, expect, test } from "vitest";
import type { Aggregates, Stream } from "../src/aggregates.ts";
import { type Command, keyOf, type Read, type View } from "../src/command.ts";
import { decideBatch } from "../src/decide-batch.ts";
import { firstDifference } from "../src/first-difference.ts";
import { createStreamCache } from "../src/stream-cache.ts";

const DIFFERENCES: [one: unknown, other: unknown, pointer: string][] = [
  [{ a: 1 }, { a: 2 }, "/a"],
  [{ a: 1, b: 1 }, { a: 1, b: 2 }, "/b"],
  [{ b: 1, a: 1 }, { b: 2, a: 2 }, "/a"],
  [{ a: { b: [1, 2] } }, { a: { b: [1, 3] } }, "/a/b/1"],
  [{ a: [1] }, { a: [1, 2] }, "/a/1"],
  [{ a: 1 }, {}, "/a"],
  [{}, { a: undefined }, "/a"],
  [{ a: null }, { a: {} }, "/a"],
  [{ a: [] }, { a: {} }, "/a"],
  [{ "a/b~c": 1 }, { "a/b~c": 2 }, "/a~1b~0c"],
  [{ "": 1 }, { "": 2 }, "/"],
  [
    Array.from({ length: 12 }, (_, i) => i),
    Array.from({ length: 12 }, (_, i) => (i < 2 ? i : -i)),
    "/2",
  ],
  [{ toString: 1 }, {}, "/toString"],
  [1, 2, ""],
  [undefined, { a: 1 }, ""],
];

test.each(DIFFERENCES)("the first difference of %j and %j is at '%s'", (one, other, pointer) => {
  expect(firstDifference(one, other)).toBe(pointer);
  expect(firstDifference(other, one)).toBe(pointer);
});

/** A stream whose state is the list of what happened in it. */
const LISTS: Aggregates["account"] = {
  evolve: (state, { data }) => [...((state as unknown[] | undefined) ?? []), data.what],
  toJson: (state) => ({ list: state }),
  fromJson: ({ list }) => list,
  schema: 2,
};
const AGGREGATES: Aggregates = { account: LISTS, transfer: LISTS, schedule: LISTS, tariff: LISTS };
const tokens = createConsistencyTokens(randomBytes(32));

const happened = (what: string): NewEvent => ({
  type: "Happened",
  schemaVersion: 1,
  data: { what },
});

function command(streamIds: string[], decide: (view: View) => NewEvent[][]): Command {
  return {
    ...{ ledger: 1, scope: randomUUID(), key: "k", request: "{}" },
    reads: streamIds.map((streamId) => ({ category: "account", ledger: 1, streamId })),
    cause: { actor: { userId: randomUUID(), roles: [] }, correlationId: "c" },
    decide: (view) => {
      const events = new Map(decide(view).map((list, i) => [i, list]));
      return { kind: "accepted", status: 201, body: { seen: view[0]?.version }, events };
    },
  };
}

const ground = (streams: Map<string, Stream>) => {
  return { streams, heads: undefined, aggregates: AGGREGATES, tokens };
};

describe("a batch", () => {
  const decide = (commands: Command[], streams = new Map<string, Stream>()) => {
    return { streams, results: decideBatch(commands, ground(streams)) };
  };

  test("lets each command see what the ones before it did", () => {
    const id = randomUUID();
    const add = (what: string) => command([id], () => [[happened(what)]]);
    const { results, streams } = decide([add("a"), add("b"), add("c")]);
    expect(streams.get(`account ${id}`)).toEqual({ version: 3, state: ["a", "b", "c"] });
    const changes = results.flatMap((result) =>
      "decision" in result ? result.decision.changes : [],
    );
    expect(changes.map(({ expectedVersion }) => expectedVersion)).toEqual([0, 1, 2]);
    expect(changes.at(-1)).toMatchObject({ state: { list: ["a", "b", "c"] }, stateSchema: 2 });
  });

  test("keeps nothing of a command whose decision throws", () => {
    const id = randomUUID();
    const broken = command([id], () => {
      throw new Error("a bug");
    });
    const { results, streams } = decide([broken, command([id], () => [[happened("a")]])]);
    expect(results[0]).toMatchObject({ fault: new Error("a bug") });
    expect(streams.get(`account ${id}`)).toEqual({ version: 1, state: ["a"] });
  });

  test("keeps nothing of a command that cannot be answered", () => {
    const ids = Array.from({ length: 5 }, () => randomUUID());
    const wide = command(ids, () => ids.map(() => [happened("a")]));
    const cannot = { ...tokens, mintRanges: () => expect.unreachable() };
    const streams = new Map<string, Stream>();
    const [result] = decideBatch([wide], { ...ground(streams), tokens: cannot });
    expect(result).toHaveProperty("fault");
    expect(streams.size).toBe(0);
  });
});

describe("the cache of streams", () => {
  const read: Read = { category: "account", ledger: 1, streamId: randomUUID() };
  const row = (change: Partial<StoredStream> = {}): StoredStream => {
    const stored = { category: "account", version: 7, state: { list: ["x"] }, stateSchema: 2 };
    return { ...stored, ...change };
  };
  const open = (stored?: StoredStream) => {
    let loads = 0;
    const session = {
      append: async () => {},
      load: async () => {
        loads += 1;
        return new Map(stored && [[read.streamId, stored]]);
      },
      eventsOf: async () => ["a", "b"].map(happened),
    };
    const cache = createStreamCache(AGGREGATES);
    const get = async () => (await cache.load([read], session)).get(keyOf(read));
    return { cache, get, loads: () => loads };
  };

  test("gives what is stored, and asks once", async () => {
    const { cache, get, loads } = open(row());
    const stream = await get();
    expect(stream).toEqual({ version: 7, state: ["x"] });
    cache.remember(new Map([[keyOf(read), stream as Stream]]));
    expect([await get(), loads()]).toEqual([stream, 1]);
    cache.forget([read]);
    expect([await get(), loads()]).toEqual([stream, 2]);
  });

  test("folds a state that is stored in another form from its events", async () => {
    expect(await open(row({ stateSchema: 1 })).get()).toEqual({ version: 2, state: ["a", "b"] });
  });

  test("does not remember that a stream is not there", async () => {
    const { cache, get, loads } = open();
    cache.remember(new Map([[keyOf(read), (await get()) as Stream]]));
    expect([await get(), loads()]).toEqual([{ version: 0, state: undefined }, 2]);
  });

  test("takes a stream of another category for none, at the version that it has", async () => {
    const stored = row({ category: "transfer" });
    expect(await open(stored).get()).toEqual({ version: 7, state: undefined });
  });
});
