import pg from "pg";
import { expect, test } from "vitest";
import { createDatabases, describeWithKafka, kafkaBrokers } from "../src/index.ts";

test("each service's role reaches its database and no other", async () => {
  const databases = await createDatabases();
  const reach = async (url: string) => {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      return true;
    } catch {
      return false;
    } finally {
      await client.end();
    }
  };
  expect(await reach(databases.urlOf("ledger", "countinghouse_command"))).toBe(true);
  expect(await reach(databases.urlOf("auth", "countinghouse_command"))).toBe(false);
  expect(await reach(databases.urlOf("query", "countinghouse_auth"))).toBe(false);
  await databases.drop();
});

describeWithKafka("Kafka", () => {
  test("has brokers", () => {
    expect(kafkaBrokers()).not.toEqual([]);
  });
});
