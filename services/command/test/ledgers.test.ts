import { expect, test } from "vitest";
import { createLedgers } from "../src/ledgers.ts";

/** A store that gives these answers, one for each time it is asked. */
function ledgersOf(...answers: (boolean | Error)[]) {
  let asked = 0;
  const ledgerExists = async () => {
    const answer = answers[asked];
    asked += 1;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { ledgers: createLedgers({ ledgerExists } as never), asked: () => asked };
}

test("many who ask for a ledger at once, and whoever asks later, cost one question", async () => {
  const { ledgers, asked } = ledgersOf(true);
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => ledgers.exists(1)));
  expect([new Set(answers), await ledgers.exists(1), asked()]).toEqual([new Set([true]), true, 1]);
});

test("a ledger that is not there is asked for again, since it may come", async () => {
  const { ledgers, asked } = ledgersOf(false, true);
  expect([await ledgers.exists(7), await ledgers.exists(7), asked()]).toEqual([false, true, 2]);
});

test("a question that failed is asked again", async () => {
  const { ledgers } = ledgersOf(new Error("away"), true);
  await expect(ledgers.exists(1)).rejects.toThrow("away");
  expect(await ledgers.exists(1)).toBe(true);
});
