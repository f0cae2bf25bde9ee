import { afterAll, beforeAll, expect, test } from "vitest";
import { type Bank, newEmail, newPassword, openBank } from "./bank.ts";

const SAMPLES = 200;
/** By chance alone a test at 0.01 fails once in a hundred runs; both of two, once in 10,000. */
const [P_MIN, TRIES] = [0.01, 2];

let bank: Bank;
beforeAll(async () => {
  const off = ["ACCOUNT", "DEVICE", "ADDRESS", "GLOBAL"].map((key) => [
    `LOGIN_FAILURES_${key}`,
    "0",
  ]);
  bank = await openBank(Object.fromEntries(off));
});
afterAll(() => bank.close());

async function timeOf(email: string): Promise<number> {
  const body = { email, password: newPassword() };
  const began = performance.now();
  const { status } = await bank.call("POST", "/v1/auth/login", { body });
  expect(status).toBe(401);
  return performance.now() - began;
}

/** The two-sided p of the Mann-Whitney U test, by the normal approximation. */
function mannWhitney(one: readonly number[], other: readonly number[]): number {
  const all = [...one.map((x) => ({ x, isOne: true })), ...other.map((x) => ({ x, isOne: false }))];
  all.sort((a, b) => a.x - b.x);
  const rankSum = all.reduce((sum, { isOne }, i) => sum + (isOne ? i + 1 : 0), 0);
  const [n, m] = [one.length, other.length];
  const u = rankSum - (n * (n + 1)) / 2;
  const z = (u - (n * m) / 2) / Math.sqrt((n * m * (n + m + 1)) / 12);
  return 2 * (1 - normal(Math.abs(z)));
}

/** The normal distribution function (Abramowitz and Stegun 26.2.17). */
function normal(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const factors = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];
  const sum = factors.reduceRight((rest, factor) => (rest + factor) * t, 0);
  return 1 - (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}

test("the statistic tells samples apart that differ, and not those that do not", () => {
  const even = Array.from({ length: 200 }, (_, i) => (i * 37) % 200);
  expect(
    mannWhitney(
      even,
      even.map((x) => x + 0.5),
    ),
  ).toBeGreaterThan(0.5);
  expect(
    mannWhitney(
      even,
      even.map((x) => x + 40),
    ),
  ).toBeLessThan(0.001);
});

test("[S13] how long a refusal takes does not tell who is a user", {
  timeout: 120_000,
}, async () => {
  const { email } = await bank.register();
  for (let i = 0; i < 10; i += 1) await timeOf(email);
  const found: number[] = [];
  while (found.length < TRIES && !found.some((p) => p > P_MIN)) {
    const [known, unknown]: [number[], number[]] = [[], []];
    for (let i = 0; i < SAMPLES; i += 1) {
      // Whoever comes first may be slower: they take turns.
      if (i % 2 === 0) known.push(await timeOf(email));
      unknown.push(await timeOf(newEmail()));
      if (i % 2 === 1) known.push(await timeOf(email));
    }
    found.push(mannWhitney(known, unknown));
  }
  expect(Math.max(...found)).toBeGreaterThan(P_MIN);
});
