import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { GenericContainer, Wait } from "testcontainers";
import { fetchJars } from "./jars.ts";
import { startLocalBroker } from "./local-broker.ts";

const IMAGE = "apache/kafka:4.1.0";
const CONTAINER_PORT = 9092;
const run = promisify(execFile);

/** A Kafka for tests: where it is, and how to let go of it. */
export interface FoundKafka {
  readonly brokers: string;
  readonly how: string;
  stop(): Promise<unknown>;
}

/**
 * Finds a real Kafka: the one that KAFKA_BROKERS names, else one in Docker, else one on the local
 * JVM. Undefined with the reason when there is none of the three; throws where REQUIRE_KAFKA is 1.
 */
export async function findKafka(): Promise<FoundKafka | { readonly reason: string }> {
  const { KAFKA_BROKERS: brokers, REQUIRE_KAFKA: required } = process.env;
  if (brokers) return { brokers, how: "KAFKA_BROKERS", stop: async () => {} };
  try {
    return (await hasDocker()) ? await inDocker() : await onJvm();
  } catch (error) {
    const reason = (error as Error).message;
    if (required === "1") throw new Error(`REQUIRE_KAFKA is set, but: ${reason}`);
    return { reason };
  }
}

async function hasDocker(): Promise<boolean> {
  return run("docker", ["info"]).then(
    () => true,
    () => false,
  );
}

async function inDocker(): Promise<FoundKafka> {
  const container = await new GenericContainer(IMAGE)
    .withExposedPorts({ container: CONTAINER_PORT, host: CONTAINER_PORT })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .start();
  const brokers = `127.0.0.1:${CONTAINER_PORT}`;
  return { brokers, how: "Docker", stop: () => container.stop() };
}

async function onJvm(): Promise<FoundKafka> {
  await fetchJars();
  const broker = await startLocalBroker(mkdtempSync(join(tmpdir(), "countinghouse-kafka-")));
  return { brokers: broker.brokers, how: "the local JVM", stop: () => broker.stop() };
}
