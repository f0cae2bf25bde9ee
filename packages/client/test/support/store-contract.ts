import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { AccountProgress, StoppedAccount, SubscriberStore } from "@countinghouse/client";
import { beforeEach, describe, expect, test } from "vitest";

const A_WHILE_MS = 100;
const at = (version: number): AccountProgress => ({ ledger: 1, version, position: version * 10 });

function stopOf(accountId: string): StoppedAccount {
  return { accountId, ledger: 1, version: 3, at: 5, reason: "gap", detail: "version 4 is missing" };
}

let store: SubscriberStore<unknown>;

/** What every store keeps. */
export function storeContract<Tx>(name: string, open: () => Promise<SubscriberStore<Tx>>): void {
  describe(`${name}: the contract of stores`, () => {
    beforeEach(async () => {
      store = (await open()) as SubscriberStore<unknown>;
    });
    whatIsKept();
    whatIsNot();
    whoReadsAtOnce();
  });
}

function write(accounts: Record<string, AccountProgress>): Promise<void> {
  return store.transaction(async (_, progress) => {
    await progress.read(Object.keys(accounts));
    await progress.write(new Map(Object.entries(accounts)));
  });
}

function read(...ids: string[]) {
  return store.transaction((_, progress) => progress.read(ids));
}

function whatIsKept(): void {
  test("a store that is new knows nothing", async () => {
    expect(await store.position("log:1")).toBe(0n);
    expect(await store.stopped(10)).toEqual([]);
    expect(await read(randomUUID())).toEqual(new Map());
  });

  test("what was written is read, and nothing else", async () => {
    const [first, second, other] = [randomUUID(), randomUUID(), randomUUID()];
    const far = { ledger: 4_095, version: 2 ** 40, position: Number.MAX_SAFE_INTEGER };
    await write({ [first]: at(3), [second]: far });
    await write({ [first]: at(4) });
    expect(await read(first, other)).toEqual(new Map([[first, at(4)]]));
    expect(await read(second)).toEqual(new Map([[second, far]]));
  });

  test("what a transaction has written it reads itself", async () => {
    const id = randomUUID();
    const found = await store.transaction(async (_, progress) => {
      await progress.read([id]);
      await progress.write(new Map([[id, at(1)]]));
      return progress.read([id]);
    });
    expect(found).toEqual(new Map([[id, at(1)]]));
  });
}

function whatIsNot(): void {
  test("a transaction that fails stores nothing, and its error comes out", async () => {
    const [id, failure] = [randomUUID(), new Error("no")];
    const attempt = store.transaction(async (_, progress) => {
      await progress.read([id]);
      await progress.write(new Map([[id, at(1)]]));
      await progress.moveTo("log:1", 7n);
      throw failure;
    });
    await expect(attempt).rejects.toBe(failure);
    expect(await read(id)).toEqual(new Map());
    expect(await store.position("log:1")).toBe(0n);
    await write({ [id]: at(2) });
    expect(await read(id)).toEqual(new Map([[id, at(2)]]));
  });

  test("a source is moved on and never back, each by itself", async () => {
    const move = (source: string, next: bigint) => {
      return store.transaction((_, progress) => progress.moveTo(source, next));
    };
    await move("kafka:t:0", 2n ** 53n + 1n);
    await move("kafka:t:0", 5n);
    await move("kafka:t:1", 1n);
    expect(await store.position("kafka:t:0")).toBe(2n ** 53n + 1n);
    expect(await store.position("kafka:t:1")).toBe(1n);
  });

  test("accounts that have stopped are listed by id, so many and no more", async () => {
    const ids = [randomUUID(), randomUUID(), randomUUID()].sort();
    const [first = "", second = "", third = ""] = ids;
    const stopped = (id: string) => ({ ...at(3), stopped: stopOf(id) });
    await write({ [third]: stopped(third), [first]: stopped(first), [second]: stopped(second) });
    expect(await store.stopped(2)).toEqual([stopOf(first), stopOf(second)]);
    expect(await read(first)).toEqual(new Map([[first, stopped(first)]]));
    await write({ [first]: at(4) });
    expect(await store.stopped(10)).toEqual([stopOf(second), stopOf(third)]);
  });
}

function whoReadsAtOnce(): void {
  test("nobody reads an account while another transaction has it", async () => {
    const id = randomUUID();
    const leave = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const first = store.transaction(async (_, progress) => {
      await progress.read([id]);
      entered.resolve();
      await leave.promise;
      await progress.write(new Map([[id, at(1)]]));
    });
    await entered.promise;
    let found: ReadonlyMap<string, AccountProgress> | undefined;
    const second = read(id).then((accounts) => {
      found = accounts;
    });
    await pause(A_WHILE_MS);
    expect(found).toBeUndefined();
    leave.resolve();
    await Promise.all([first, second]);
    expect(found).toEqual(new Map([[id, at(1)]]));
  });

  test("transactions over the same accounts in any order all come to an end", async () => {
    const add = (order: readonly string[]) => {
      return store.transaction(async (_, progress) => {
        const known = await progress.read(order);
        const next = order.map((id) => [id, at((known.get(id)?.version ?? 0) + 1)] as const);
        await progress.write(new Map(next));
      });
    };
    for (let round = 0; round < 5; round += 1) {
      // Accounts that are new to all of them.
      const ids = Array.from({ length: 500 }, () => randomUUID());
      const orders = [ids, ids.toReversed(), ids, ids.toReversed()];
      await Promise.all(orders.map(add));
      const known = await read(...ids);
      expect(new Set([...known.values()].map(({ version }) => version))).toEqual(new Set([4]));
    }
  });
}
