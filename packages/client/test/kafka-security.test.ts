import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPublisher, ensureTopic, toRecord } from "@countinghouse/bus";
import { type KafkaSecurity, kafka, memoryStore, subscribe } from "@countinghouse/client";
import {
  describeWithKafka,
  fetchJars,
  type SecureBroker,
  startSecureBroker,
} from "@countinghouse/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEventMaker } from "./support/events.ts";
import { quiet } from "./support/source-contract.ts";

const WITHIN = { timeout: 20_000, interval: 20 };
const EVENTS = 5;

describeWithKafka("a Kafka whose brokers want TLS and a name", { timeout: 40_000 }, () => {
  let folder: string;
  let secure: SecureBroker;
  let topic: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "countinghouse-secure-"));
    await fetchJars();
    secure = await startSecureBroker(folder);
    topic = await publishedTopic(secure.broker.brokers);
  }, 60_000);
  afterAll(async () => {
    await secure.broker.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function follow(security?: KafkaSecurity) {
    const lines: string[] = [];
    const said = (facts: object, text: string) => void lines.push(`${text} ${shown(facts)}`);
    const subscription = subscribe({
      ...{ topics: [topic], store: memoryStore(), onEvent: () => undefined },
      logger: { info: said, warn: said, error: said },
      from: kafka({
        brokers: [secure.broker.secureBrokers],
        groupId: randomUUID(),
        ...(security !== undefined && { security }),
      }),
    });
    return { subscription, lines };
  }

  test.each(["plain", "scram-sha-256", "scram-sha-512"] as const)(
    "a subscriber that says who it is by %s reads the topic",
    async (mechanism) => {
      const { subscription } = follow({ tls: trusted(), sasl: { mechanism, ...user() } });
      await expect.poll(() => subscription.counts().applied, WITHIN).toBe(EVENTS);
      await subscription.stop();
    },
  );

  const trusted = () => ({ ca: [secure.ca] });
  const user = () => ({ username: secure.username, password: secure.password });
  const plain = () => ({ mechanism: "plain" as const, ...user() });
  const REFUSED: [what: string, security: () => KafkaSecurity | undefined, said: RegExp][] = [
    ["no TLS", () => undefined, /disconnect|connection|timeout/i],
    ["an authority that it does not know", () => ({ tls: true, sasl: plain() }), /certificate/i],
    ["no name", () => ({ tls: trusted() }), /SASL|disconnect|connection|timeout/i],
    [
      "a wrong password",
      () => ({ tls: trusted(), sasl: { ...plain(), password: "wrong" } }),
      /authentication/i,
    ],
  ];

  test.each(REFUSED)("with %s it reads nothing, and says why", async (_, security, said) => {
    const { subscription, lines } = follow(security());
    await expect.poll(() => lines.join("\n"), WITHIN).toMatch(said);
    expect(subscription.counts().applied).toBe(0);
    await subscription.stop();
  });
});

function shown(facts: object): string {
  return Object.values(facts).map(String).join(" ");
}

async function publishedTopic(brokers: string): Promise<string> {
  const topic = `test.${randomUUID()}`;
  await ensureTopic({ brokers: [brokers] }, { topic, partitions: 1, replication: 1 }, quiet);
  const publisher = createPublisher({ brokers: [brokers], topic, partitions: 1, logger: quiet });
  const events = createEventMaker().next(randomUUID(), EVENTS);
  await publisher.publish(0, events.map(toRecord));
  await publisher.close();
  return topic;
}
