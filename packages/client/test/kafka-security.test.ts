import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createPublisher, ensureTopic, toRecord } from "@countinghouse/bus";
import { type KafkaSecurity, kafka, memoryStore, subscribe } from "@countinghouse/client";
import {
  describeWithKafka,
  fetchJars,
  type LocalBroker,
  startLocalBroker,
} from "@countinghouse/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEventMaker } from "./support/events.ts";
import { quiet } from "./support/source-contract.ts";

const WITHIN = { timeout: 20_000, interval: 20 };
const EVENTS = 5;
const [USER, PASSWORD] = ["fraud", "a-password-of-tests"];
const run = promisify(execFile);

describeWithKafka("a Kafka whose brokers want TLS and a name", { timeout: 40_000 }, () => {
  let folder: string;
  let broker: LocalBroker;
  let ca: string;
  let topic: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "countinghouse-secure-"));
    await fetchJars();
    const keyStore = await makeKeyStore(folder);
    ca = keyStore.certificate;
    broker = await startLocalBroker(join(folder, "broker"), {
      protocol: "SASL_SSL",
      plain: { [USER]: PASSWORD },
      scram: { [USER]: PASSWORD },
      keyStore,
    });
    topic = await publishedTopic(broker.brokers);
  }, 60_000);
  afterAll(async () => {
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function follow(security?: KafkaSecurity) {
    const lines: string[] = [];
    const said = (facts: object, text: string) => void lines.push(`${text} ${shown(facts)}`);
    const subscription = subscribe({
      ...{ topics: [topic], store: memoryStore(), onEvent: () => undefined },
      logger: { info: said, warn: said, error: said },
      from: kafka({
        brokers: [broker.secureBrokers],
        groupId: randomUUID(),
        ...(security !== undefined && { security }),
      }),
    });
    return { subscription, lines };
  }

  test.each(["plain", "scram-sha-256", "scram-sha-512"] as const)(
    "a subscriber that says who it is by %s reads the topic",
    async (mechanism) => {
      const sasl = { mechanism, username: USER, password: PASSWORD };
      const { subscription } = follow({ tls: { ca: [ca] }, sasl });
      await expect.poll(() => subscription.counts().applied, WITHIN).toBe(EVENTS);
      await subscription.stop();
    },
  );

  const sasl = { mechanism: "plain", username: USER, password: PASSWORD } as const;
  const REFUSED: [what: string, security: () => KafkaSecurity | undefined, said: RegExp][] = [
    ["no TLS", () => undefined, /disconnect|connection|timeout/i],
    ["an authority that it does not know", () => ({ tls: true, sasl }), /certificate/i],
    ["no name", () => ({ tls: { ca: [ca] } }), /SASL|disconnect|connection|timeout/i],
    [
      "a wrong password",
      () => ({ tls: { ca: [ca] }, sasl: { ...sasl, password: "wrong" } }),
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

/** A key of the broker's own, signed by itself. */
async function makeKeyStore(folder: string) {
  const [path, file] = [join(folder, "broker.p12"), join(folder, "broker.pem")];
  const store = ["-keystore", path, "-storepass", PASSWORD, "-alias", "broker"];
  await run("keytool", [
    ...["-genkeypair", ...store, "-storetype", "PKCS12", "-keyalg", "EC", "-validity", "2"],
    ...["-dname", "CN=127.0.0.1", "-ext", "san=ip:127.0.0.1"],
  ]);
  await run("keytool", ["-exportcert", ...store, "-rfc", "-file", file]);
  return { path, password: PASSWORD, certificate: readFileSync(file, "utf8") };
}

async function publishedTopic(brokers: string): Promise<string> {
  const topic = `test.${randomUUID()}`;
  await ensureTopic([brokers], { topic, partitions: 1, replication: 1 }, quiet);
  const publisher = createPublisher({ brokers: [brokers], topic, partitions: 1, logger: quiet });
  const events = createEventMaker().next(randomUUID(), EVENTS);
  await publisher.publish(0, events.map(toRecord));
  await publisher.close();
  return topic;
}
