import { afterEach, beforeEach, expect, test } from "vitest";
import { type CommandProcesses, openProcesses } from "./support/command-processes.ts";
import { openBook } from "./support/order-book.ts";

const [KILLS, PAUSES] = [20, 6];
/** Answers that are waited for between two faults. */
const BETWEEN = 25;
const TIMEOUT_MS = 240_000;

let bank: CommandProcesses;
beforeEach(async () => {
  bank = await openProcesses(2);
}, TIMEOUT_MS);
afterEach(() => bank.close(), TIMEOUT_MS);

/** Waits until so many more orders have their answer. */
async function more(book: { count(): number }): Promise<void> {
  const least = book.count() + BETWEEN;
  await expect.poll(() => book.count(), { timeout: TIMEOUT_MS }).toBeGreaterThanOrEqual(least);
}

test(
  "[S42] killed twenty times under load, all that was acknowledged is there, once",
  async () => {
    const book = await openBook(bank, { accounts: 12, clients: 8 });
    for (let kill = 0; kill < KILLS; kill += 1) {
      await more(book);
      await bank.replace(kill % 2);
    }
    await book.stop();
    expect(await book.check()).toEqual([]);
    expect(book.errors).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "one that was stopped for a while and goes on with what it knew does no harm",
  async () => {
    const book = await openBook(bank, { accounts: 3, clients: 16 });
    for (let pause = 0; pause < PAUSES; pause += 1) {
      await more(book);
      const paused = bank.processes[pause % 2];
      paused?.pause();
      await more(book);
      paused?.resume();
    }
    await book.stop();
    expect(await book.check()).toEqual([]);
    expect(book.errors).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "two share one hot account, and nobody meets a server error",
  async () => {
    const book = await openBook(bank, { accounts: 2, clients: 32 });
    for (let i = 0; i < 20; i += 1) await more(book);
    await book.stop();
    expect(await book.check()).toEqual([]);
    expect(book.errors).toEqual([]);
  },
  TIMEOUT_MS,
);
