import { memoryStore, StoreFullError } from "@countinghouse/client";
import { expect, test } from "vitest";
import { storeContract } from "./support/store-contract.ts";

storeContract("memory", async () => memoryStore());

test("a store that is full says so and keeps what it has", async () => {
  const store = memoryStore(2);
  const write = (...ids: string[]) => {
    return store.transaction(async (_, progress) => {
      const account = { ledger: 1, version: 1, position: 1 };
      await progress.write(new Map(ids.map((id) => [id, account])));
    });
  };
  await write("a", "b");
  await expect(write("b", "c")).rejects.toThrow(StoreFullError);
  await write("a", "b");
  const known = await store.transaction((_, progress) => progress.read(["a", "b", "c"]));
  expect([...known.keys()]).toEqual(["a", "b"]);
});
