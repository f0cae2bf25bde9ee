import { type EventStore, VersionConflictError } from "@countinghouse/event-store";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { euros } from "./support/command-service.ts";
import { type Bench, openBench } from "./support/in-process.ts";

let bench: Bench;
/** What the app asked of its store, in order; `(append)` is one inside a lock. */
let asked: string[] = [];
/** How many of the next appends find that another process was faster. */
let conflicts = 0;
beforeAll(async () => {
  bench = await openBench(watched);
});
afterAll(() => bench.close());
beforeEach(() => {
  [asked, conflicts] = [[], 0];
});

function watched(store: EventStore): EventStore {
  const note = (name: string) => {
    asked.push(name);
    if (name === "append" && conflicts-- > 0) throw new VersionConflictError("too late");
  };
  return {
    ...store,
    async append(decisions) {
      note("append");
      await store.append(decisions);
    },
    async load(refs) {
      note("load");
      return store.load(refs);
    },
    locked(ledgers, work) {
      note(`locked ${[...new Set(ledgers)]}`);
      return store.locked(ledgers, (session) => {
        return work({
          ...session,
          async append(decisions) {
            note("(append)");
            await session.append(decisions);
          },
          async load(refs) {
            note("(load)");
            return session.load(refs);
          },
        });
      });
    },
  };
}

async function anAccount(): Promise<string> {
  const { body } = await bench.post("/v1/accounts", { type: "checking", currency: "EUR" });
  asked = [];
  return body.accountId;
}
const pay = (id: string) => bench.post(`/v1/accounts/${id}/deposits`, euros("1.00"));

test("a stream that this process has written is not loaded again", async () => {
  const id = await anAccount();
  await pay(id);
  expect((await pay(id)).body.version).toBe(3);
  // The load is that of the tariff: there is none, and that is remembered.
  expect(asked).toEqual(["load", "append", "append"]);
});

test("[S43] a conflict is met under the lock, on what is loaded there, and ends", async () => {
  const id = await anAccount();
  conflicts = 1;
  expect((await pay(id)).status).toBe(201);
  expect(asked).toEqual(["append", "locked 1", "(load)", "(append)"]);
});

test("the lock is for the batch that had the conflict only", async () => {
  const id = await anAccount();
  conflicts = 1;
  await pay(id);
  asked = [];
  expect((await pay(id)).body.version).toBe(3);
  expect(asked).toEqual(["append"]);
});
