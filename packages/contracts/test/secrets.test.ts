import { expect, test } from "vitest";
import { type Operation, publicOperations } from "../src/index.ts";

const SECRET = /password|secret|token|hash$|recovery|\bkey$|cvv|pan$|cardnumber|salt|otp/i;
/** Names that only sound like it: proofs are made of hashes that are public. */
const PUBLIC = new Set(["leafHash", "rootHash", "otpauthUri"]);
/** What an answer gives to whom it belongs. */
const OF = {
  login: ["accessToken", "refreshToken", "tokenType"],
  refresh: ["accessToken", "refreshToken", "tokenType"],
  beginTotp: ["secret"],
  confirmTotp: ["recoveryCodes"],
};

const rows = Object.entries(publicOperations) as [string, Operation][];

test.each(rows)("[S35] the answers of %s have no member for a secret but its own", (name, row) => {
  const members = Object.values(row.answers).flatMap(membersOf);
  const secret = members.filter((member) => SECRET.test(member) && !PUBLIC.has(member));
  const own = (OF as Record<string, string[]>)[name] ?? [];
  expect(new Set(secret)).toEqual(new Set(own));
});

/** The names of all members of a schema, however deep. */
function membersOf(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { properties = {} } = schema as { properties?: object };
  return [...Object.keys(properties), ...Object.values(schema).flatMap(membersOf)];
}
