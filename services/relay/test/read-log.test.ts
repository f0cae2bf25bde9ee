import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLedger, type Ledger } from "./support/ledger.ts";
import { eventsIn, type Relay, relayEnv, startRelay } from "./support/relay.ts";

let ledger: Ledger;
let relay: Relay;

beforeAll(async () => {
  ledger = await createLedger();
  relay = await startRelay(relayEnv(ledger.relayUrl));
});
afterAll(async () => {
  await relay.close();
  await ledger.close();
});

describe("a read of the log", () => {
  test("gives an envelope a line, its members in fixed order, a line feed after each", async () => {
    const account = await ledger.open();
    const response = await relay.read(`stream=${account}`);
    expect(response.headers.get("content-type")).toMatch(/^application\/x-ndjson\b/);
    const text = await response.text();
    const members = ["position", "eventId", "streamId", "version", "type", "schemaVersion"];
    expect(text.endsWith("\n")).toBe(true);
    expect(Object.keys(JSON.parse(text))).toEqual([...members, "data", "meta", "recordedAt"]);
  });

  test("keeps the bytes that were appended", async () => {
    const account = await ledger.open();
    const { rows } = await ledger.owner.query(
      "SELECT data::text, meta::text FROM ledger.events WHERE stream_id = $1",
      [account],
    );
    const text = await (await relay.read(`stream=${account}`)).text();
    expect(text).toContain(`"data":${rows[0].data},"meta":${rows[0].meta},"recordedAt"`);
  });

  test("brings what was appended the moment before", async () => {
    const account = await ledger.open();
    for (let version = 2; version < 12; version += 1) {
      await ledger.deposit(account);
      const events = await eventsIn(await relay.read(`stream=${account}`));
      expect(events.at(-1)?.version).toBe(version);
    }
  });

  test("goes over several pages without a gap and stops at its limit", async () => {
    const account = await ledger.open();
    await ledger.deposit(account, 2_500);
    const events = await eventsIn(await relay.read("after=0&limit=2222"));
    expect(events.map(({ position }) => position)).toEqual(
      Array.from({ length: 2_222 }, (_, i) => i + 1),
    );
    const all = await eventsIn(await relay.read(`stream=${account}&limit=10000`));
    expect(all.map(({ version }) => version)).toEqual(
      Array.from({ length: 2_501 }, (_, i) => i + 1),
    );
  });

  test("takes the usual limit of 1,000 where none is given", async () => {
    expect(await eventsIn(await relay.read(""))).toHaveLength(1_000);
  });

  test("is filtered by stream in any case of letters, and by type", async () => {
    const [one, other] = [await ledger.open(), await ledger.open()];
    await ledger.deposit(one, 3);
    await ledger.deposit(other, 2);
    const search = `stream=${one.toUpperCase()}&type=MoneyDeposited`;
    const events = await eventsIn(await relay.read(search));
    expect(events.map(({ streamId, version }) => [streamId, version])).toEqual([
      [one, 2],
      [one, 3],
      [one, 4],
    ]);
  });

  test("has events of other streams than accounts, too", async () => {
    const transfer = await ledger.open(1, "transfer");
    const [event] = await eventsIn(await relay.read(`stream=${transfer}`));
    expect(event?.type).toBe("TransferReversed");
  });

  test("is empty beyond the end", async () => {
    expect(await (await relay.read("after=900000")).text()).toBe("");
  });

  test("is per ledger, and a 404 for one that is not there", async () => {
    await ledger.addLedger(7);
    const account = await ledger.open(7);
    const events = await eventsIn(await relay.read("ledger=7"));
    expect(events.map(({ position, streamId }) => [position, streamId])).toEqual([[1, account]]);
    expect((await relay.read("ledger=8")).status).toBe(404);
    expect((await relay.read("ledger=8&follow=true")).status).toBe(404);
  });

  test.each([
    ...["after=-1", "after=x", "limit=0", "limit=1e3", "limit=10001", "stream=4711", "ledger=0"],
    ...["ledger=x", "after=1&after=2", "follow=maybe", "colour=blue"],
  ])("that asks %s is a 400", async (search) => {
    expect((await relay.read(search)).status).toBe(400);
  });

  test.each(["customer", "teller", "fraud_analyst", "admin"] as const)(
    "is not for a %s",
    async (role) => {
      expect((await relay.read("", role)).status).toBe(403);
    },
  );
});

describe("what is for services", () => {
  test("the log is read inside as outside", async () => {
    const outside = await (await relay.read("after=5&limit=20")).text();
    expect(await (await relay.readInside("ledger=1&after=5&limit=20")).text()).toBe(outside);
  });

  test("all ledgers are listed with their last positions", async () => {
    const { rows } = await ledger.owner.query(
      "SELECT ledger_id AS ledger, position::int FROM ledger.log_head ORDER BY 1",
    );
    expect(await relay.ledgers()).toEqual({ items: rows });
  });

  test("the relay can read the log and change nothing in it", async () => {
    const client = new pg.Client(ledger.relayUrl);
    await client.connect();
    for (const statement of [
      "INSERT INTO ledger.log_head (ledger_id, name) VALUES (9, 'mine')",
      "UPDATE ledger.log_head SET position = 0",
      "UPDATE ledger.events SET type = 'x'",
      "DELETE FROM ledger.events",
      "SELECT * FROM ledger.idempotency",
      "SELECT ledger.lock_head(1)",
    ]) {
      await expect(client.query(statement)).rejects.toMatchObject({ code: "42501" });
    }
    await client.end();
  });
});
