import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EmbeddedPostgres, provision, startPostgres } from "@countinghouse/cli";
import type { TestProject } from "vitest/node";
import { endWithUs } from "./end-with-us.ts";
import { findKafka } from "./kafka/find-kafka.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** An administrator's URL of the PostgreSQL that the tests share. */
    postgresUrl: string;
    /** The brokers that the tests share; empty when there is no Kafka here. */
    kafkaBrokers: string;
  }
}

/** The secret that the passwords of the shared server's roles come from. */
export const TEST_SECRET = "a secret of tests, of no use elsewhere";

/** Starts a real PostgreSQL and a real Kafka once for all tests, and ends them after the last. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), "countinghouse-test-"));
  const finding = findKafka();
  // Should PostgreSQL fail, that is the reason to tell; Kafka ends with this process.
  finding.catch(() => {});
  const postgres = await openPostgres(folder);
  const close = async () => {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const kafka = await finding.catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const isThere = "brokers" in kafka;
  const how = isThere
    ? `Kafka from ${kafka.how}`
    : `NO KAFKA, its tests do not run: ${kafka.reason}`;
  process.stdout.write(`PostgreSQL 18 and ${how}\n`);
  project.provide("postgresUrl", postgres.url);
  project.provide("kafkaBrokers", isThere ? kafka.brokers : "");
  return async () => {
    if (isThere) await kafka.stop();
    await close();
  };
}

/** The server that COUNTINGHOUSE_TEST_DATABASE_URL names, else one of our own; with all roles. */
async function openPostgres(folder: string): Promise<{ url: string; stop(): Promise<void> }> {
  const given = process.env.COUNTINGHOUSE_TEST_DATABASE_URL;
  const server = given ? { url: given, stop: async () => {} } : await startOwn(folder);
  await provision({ adminUrl: server.url, secretKey: TEST_SECRET, suffix: "_roles" });
  return server;
}

async function startOwn(folder: string): Promise<EmbeddedPostgres> {
  const log = join(folder, "postgres.log");
  const server = await startPostgres(join(folder, "postgres"), "postgres", log);
  const callOff = endWithUs(server.pid, "INT");
  return { ...server, stop: () => server.stop().finally(callOff) };
}
