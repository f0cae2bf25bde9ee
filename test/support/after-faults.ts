import { urlFor } from "@countinghouse/cli";
import type { Envelope } from "@countinghouse/contracts";
import { createLogReader } from "@countinghouse/event-store";
import { gapsIn, type Seen, wholeTopic } from "@countinghouse/testing/kafka-topic";
import pg from "pg";
import { expect } from "vitest";
import { differencesFromLog } from "../../services/query/test/support/fold-of-log.ts";
import { type FaultedBank, TOPIC } from "./faulted-bank.ts";
import type { SteadyLoad } from "./steady-load.ts";

const PAGE_EVENTS = 10_000;

/**
 * After all faults: what was acknowledged is in the log, what is in the log is in the topic, first
 * in order and without a gap, and is applied. Gives what it came to, in a sentence.
 */
export async function expectNothingLost(
  { bank, cluster }: FaultedBank,
  load: SteadyLoad,
  withinMs: number,
): Promise<string> {
  const { server } = bank.system;
  const log = await wholeLog(urlFor(server, "countinghouse_relay", "ledger"));
  const sent = log.filter(({ type }) => type === "TransferSent").map(transferOf);
  expect(new Set(sent)).toEqual(new Set(load.acknowledged));

  const projector = urlFor(server, "countinghouse_projector", "query");
  const poll = { timeout: withinMs, interval: 250 };
  await expect.poll(() => differencesFromLog(projector, log), poll).toEqual([]);

  let records: Seen[] = [];
  const missing = async () => {
    records = await wholeTopic(cluster.brokers, TOPIC);
    const published = new Set(records.map(({ eventId }) => eventId));
    return log.filter(({ eventId }) => !published.has(eventId)).length;
  };
  await expect.poll(missing, poll).toBe(0);
  expect(gapsIn(records)).toEqual([]);
  const distinct = new Set(records.map(({ eventId }) => eventId)).size;
  expect(distinct).toBe(log.length);
  const repeats = records.length - distinct;
  return (
    `${load.acknowledged.length} transfers acknowledged, ${log.length} events logged = ` +
    `published = applied, ${repeats} repeats dropped`
  );
}

function transferOf({ data }: Envelope): unknown {
  return (data as { transferId?: unknown }).transferId;
}

async function wholeLog(url: string): Promise<Envelope[]> {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const reader = createLogReader(pool);
  const log: Envelope[] = [];
  try {
    for (;;) {
      const after = log.at(-1)?.position ?? 0;
      const page = await reader.read({ ledger: 1, after, limit: PAGE_EVENTS });
      log.push(...page);
      if (page.length < PAGE_EVENTS) return log;
    }
  } finally {
    await pool.end();
  }
}
