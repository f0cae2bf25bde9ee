import { createLogger } from "@countinghouse/service-kit";
import { createDatabases } from "@countinghouse/testing";
import pg from "pg";
import { expect, test } from "vitest";
import { listenForApplied } from "../src/announcements/listener.ts";

/** Ends what hears, as a restart or a restored database does. */
async function cut(adminUrl: string): Promise<void> {
  const admin = new pg.Client(adminUrl);
  await admin.connect();
  await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'countinghouse-query-listener'`,
  );
  await admin.end();
}

// Found by: npm run -s chaos -- run read-database-of-yesterday --seed 4
test("who hears nothing any more is told so, before an older database answers", async () => {
  const databases = await createDatabases();
  const told: string[] = [];
  const logger = createLogger("query", { LOG_LEVEL: "silent" });
  const listener = listenForApplied(databases.urlOf("query", "countinghouse_query"), logger, {
    onApplied: () => told.push("applied"),
    onListening: () => told.push("listening"),
    onLost: () => told.push("lost"),
  });
  try {
    await expect.poll(() => told).toEqual(["listening"]);
    await cut(databases.adminUrl("query"));
    await expect.poll(() => told).toEqual(["listening", "lost", "listening"]);
    expect(listener.isListening).toBe(true);
  } finally {
    await listener.stop();
    await databases.drop();
  }
  expect(told.at(-1)).toBe("lost");
});
