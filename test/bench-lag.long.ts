import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { describeWithKafka, kafkaBrokers, TEST_SECRET } from "@countinghouse/testing";
import { Kafka, logLevel } from "kafkajs";
import { afterEach, beforeEach, expect, inject, test } from "vitest";

const MAIN = resolve(import.meta.dirname, "../packages/cli/src/main.ts");
const TIMEOUT_MS = 120_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countinghouse-lag-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function lag(settings: Record<string, string> = {}) {
  const json = join(folder, "lag.json");
  const args = ["bench", "--lag", "--seconds=1", "--accounts=128", "--json", json];
  const env = {
    PATH: process.env.PATH,
    COUNTINGHOUSE_DATA: join(folder, "data"),
    DATABASE_URL: inject("postgresUrl"),
    SECRET_KEY: TEST_SECRET,
    ...settings,
  };
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...args], { env });
  return { stdout, report: JSON.parse(readFileSync(json, "utf8")) };
}

function expectMeasured({ stdout, report }: Awaited<ReturnType<typeof lag>>, over: string): void {
  expect(report.over).toBe(over);
  expect(report.asked).toBeCloseTo(report.most / 2);
  expect(report.reached).toBeLessThan(report.most);
  expect(report.lags.length).toBeGreaterThan(10);
  for (const lagMs of report.lags) expect(lagMs).toBeGreaterThan(0);
  expect(report.invariants.map(({ holds }: { holds: boolean }) => holds)).not.toContain(false);
  expect(stdout).toContain(`Over ${over}: `);
  expect(stdout).toContain("✔ every acknowledged transfer is in the log once");
}

test("the lag over HTTP is measured at half of what can be written", {
  timeout: TIMEOUT_MS,
}, async () => {
  expectMeasured(await lag(), "HTTP");
  expect(readdirSync(join(folder, "data")).filter((name) => name.startsWith("bench"))).toEqual([]);
});

describeWithKafka("with Kafka", () => {
  test("the lag over Kafka is measured in a topic of its own, which is removed", {
    timeout: TIMEOUT_MS,
  }, async () => {
    expectMeasured(await lag({ KAFKA_BROKERS: kafkaBrokers().join(",") }), "Kafka");
    const kafka = new Kafka({ brokers: kafkaBrokers(), logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    const left = async () => (await admin.listTopics()).filter((name) => /-bench-/.test(name));
    await expect.poll(left, { timeout: 10_000 }).toEqual([]);
    await admin.disconnect();
  });
});
