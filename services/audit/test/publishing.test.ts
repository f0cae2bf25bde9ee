import { randomUUID } from "node:crypto";
import { CheckpointHeaders, topicsOf } from "@countinghouse/contracts";
import { describeWithKafka, FakeBank, kafkaBrokers } from "@countinghouse/testing";
import { openCheckpoint } from "@countinghouse/transparency";
import { Value } from "typebox/value";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openAudit, type TestAudit } from "./support/audit.ts";
import { readCheckpoints, type TopicReader } from "./support/checkpoint-topic.ts";

const POLL = { timeout: 20_000, interval: 25 };

describeWithKafka("checkpoints in their topic", () => {
  let audit: TestAudit;
  let reader: TopicReader | undefined;
  let settings: { KAFKA_BROKERS: string; TOPIC_PREFIX: string };

  beforeEach(() => {
    settings = { KAFKA_BROKERS: kafkaBrokers().join(","), TOPIC_PREFIX: `test.${randomUUID()}` };
  });
  afterEach(async () => {
    await reader?.stop();
    reader = undefined;
    await audit.close();
  });

  /** Follows the topic from its first record on, once the service has made it. */
  async function topic(): Promise<TopicReader> {
    const { checkpoints } = topicsOf(settings.TOPIC_PREFIX);
    reader = await readCheckpoints(kafkaBrokers(), checkpoints);
    return reader;
  }

  async function grow(bank: FakeBank, events: number): Promise<void> {
    bank.fill(events);
    await audit.checkpointOf(events);
  }

  /** Everything that was signed is there, in order, nothing left out. */
  async function expectWhole(records: TopicReader, ledger = 1): Promise<void> {
    await expect.poll(() => records.sizes(ledger), POLL).toEqual(await audit.signed(ledger));
  }

  test("[S45] each that was signed is there, in order, and is what HTTP gives", async () => {
    const [bank, other] = [new FakeBank(1), new FakeBank(2)];
    audit = await openAudit(bank, other);
    await audit.restart(settings);
    for (const events of [5, 300, 700]) await grow(bank, events);
    other.fill(9);
    await audit.checkpointOf(9, 2);
    const records = await topic();
    await expectWhole(records);
    await expectWhole(records, 2);
    const newest = await audit.checkpoint();
    const last = records.records.filter(({ key }) => key === newest.origin).at(-1);
    expect(last?.note).toBe(newest.note);
    for (const { note, headers, size } of records.records) {
      const key = await audit.key(Number(headers.ce_ledger));
      expect(openCheckpoint(note, [key])).toMatchObject({ size, origin: headers.ce_subject });
      expect(Value.Errors(CheckpointHeaders, headers)).toEqual([]);
      expect(headers.ce_id).toBe(String(size));
    }
  });

  test("after a restart it goes on, and what was signed meanwhile comes, too", async () => {
    const bank = new FakeBank();
    audit = await openAudit(bank);
    await audit.restart(settings);
    await grow(bank, 300);
    await audit.restart();
    for (const events of [400, 700]) await grow(bank, events);
    await audit.restart(settings);
    await grow(bank, 800);
    const records = await topic();
    await expectWhole(records);
    const before = records.records.length;
    await audit.restart(settings);
    await grow(bank, 810);
    await expectWhole(records);
    expect(records.records.length).toBe(before + 1);
  });

  test("brokers that are away hold up nothing", async () => {
    const bank = new FakeBank();
    audit = await openAudit(bank);
    await audit.restart({ ...settings, KAFKA_BROKERS: "127.0.0.1:1" });
    for (const events of [10, 300]) await grow(bank, events);
    await audit.restart(settings);
    await grow(bank, 310);
    await expectWhole(await topic());
  });

  test("two processes repeat at most", async () => {
    const bank = new FakeBank();
    audit = await openAudit(bank);
    await audit.restart(settings);
    const second = await audit.another(settings);
    try {
      for (let events = 300; events <= 2_100; events += 300) await grow(bank, events);
      await expectWhole(await topic());
    } finally {
      await second.close();
    }
  });
});
