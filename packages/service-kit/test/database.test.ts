import { expect, test } from "vitest";
import { isDatabaseAway } from "../src/index.ts";

const failure = (code: string) => Object.assign(new Error("failed"), { code });

const FAILURES: [error: unknown, isAway: boolean][] = [
  [failure("ECONNREFUSED"), true],
  [failure("EAI_AGAIN"), true],
  [failure("57P01"), true],
  [failure("40P01"), true],
  [failure("53300"), true],
  [failure("3D000"), true],
  [failure("55000"), true],
  [failure("42P01"), true],
  [new Error("Connection terminated unexpectedly"), true],
  [new Error("Client has encountered a connection error and is not queryable"), true],
  [failure("23505"), false],
  [failure("42601"), false],
  [new Error("anything else"), false],
  ["no error", false],
];

test.each(FAILURES)("[S36] %o: the database is away: %s", (error, isAway) => {
  expect(isDatabaseAway(error)).toBe(isAway);
});
