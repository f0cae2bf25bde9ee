import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { topicsOf } from "@countinghouse/contracts";
import { describeWithKafka, kafkaBrokers } from "@countinghouse/testing";
import { Kafka, logLevel } from "kafkajs";
import { beforeEach, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const COMMAND = join(ROOT, "packages/cli/src/main.ts");

describeWithKafka("countinghouse topics", () => {
  let prefix = "";
  beforeEach(() => {
    prefix = `test.${randomUUID()}`;
  });

  async function topics(command: string, env: Readonly<Record<string, string>> = {}) {
    const child = spawn(process.execPath, [COMMAND, "topics", command], {
      env: {
        PATH: process.env.PATH,
        ...{ KAFKA_BROKERS: kafkaBrokers().join(","), TOPIC_PREFIX: prefix, ...env },
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const code = new Promise((done) => child.once("exit", done));
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await code, out, err };
  }

  async function configOf(topic: string): Promise<unknown> {
    const brokers = kafkaBrokers();
    const admin = new Kafka({ brokers, clientId: "test", logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const resources = [{ type: 2, name: topic }];
    const found = await admin.describeConfigs({ includeSynonyms: false, resources });
    const layout = await admin.fetchTopicMetadata({ topics: [topic] });
    await admin.disconnect();
    return [found.resources[0]?.configEntries, layout.topics[0]?.partitions.length];
  }

  test("check names a topic that is missing, create makes it, check finds it right", async () => {
    const topic = topicsOf(prefix).accountEvents;
    expect(await topics("check")).toMatchObject({
      code: 1,
      out: expect.stringContaining(`${topic} │ topic is missing, not there`),
    });
    const settings = { TOPIC_PARTITIONS: "5", TOPIC_RETENTION_MS: "86400000" };
    for (const command of ["create", "check", "create"]) {
      const { code, out } = await topics(command, settings);
      expect(out).toContain(`${topic} │ as the settings want it`);
      expect(code).toBe(0);
    }
  });

  test("a wrong setting of a topic that is there is told and not changed", async () => {
    const topic = topicsOf(prefix).accountEvents;
    await topics("create", { TOPIC_PARTITIONS: "3", TOPIC_RETENTION_MS: "60000" });
    const before = await configOf(topic);
    for (const command of ["create", "check"]) {
      const { code, out, err } = await topics(command, { TOPIC_MIN_INSYNC: "2" });
      expect(code).toBe(1);
      expect(out).toContain("partitions is 3, not 12");
      expect(out).toContain("retention.ms is 60000, not -1");
      expect(out).toContain("min.insync.replicas is 1, not 2");
      expect(err).toBe("A topic is not as the settings want it. Nothing was changed.\n");
    }
    expect(await configOf(topic)).toEqual(before);
  });

  test.each([
    [{ KAFKA_BROKERS: "" }, "KAFKA_BROKERS"],
    [{ KAFKA_BROKERS: "127.0.0.1:1" }, "The brokers at 127.0.0.1:1 cannot do that"],
    [{ TOPIC_REPLICATION: "99" }, "TOPIC_REPLICATION"],
    [{ TOPIC_REPLICATION: "9" }, "cannot do that"],
    [{ TOPIC_PREFIX: "a b" }, "TOPIC_PREFIX"],
  ])("with %o it ends with one sentence", async (env, words) => {
    const { code, out, err } = await topics("create", env);
    expect([code, out]).toEqual([1, ""]);
    expect(err.trim().split("\n")).toHaveLength(1);
    expect(err).toContain(words);
  });
});
