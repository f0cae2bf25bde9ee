import type { RunningService } from "@countinghouse/service-kit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CommandServices, euros, openServices } from "./support/command-service.ts";

const TURNS = 10;

let bank: CommandServices;
beforeAll(async () => {
  bank = await openServices(2);
});
afterAll(() => bank.close());

async function triedAgain(service: RunningService | undefined): Promise<number> {
  const text = await (await fetch(`${service?.internalUrl}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith("command_batch_retries_total{"));
  return Number(line?.split(" ").at(-1) ?? 0);
}

test("processes that write to one account in turns meet once, then take the lock", async () => {
  const teller = bank.as("teller");
  const opened = await teller.post("/v1/accounts", { type: "checking", currency: "EUR" });
  const pay = async (service: number) => {
    const path = `/v1/accounts/${opened.body.accountId}/deposits`;
    return (await teller.post(path, euros("1.00"), { service })).body.version;
  };
  const versions: number[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) versions.push(await pay(0), await pay(1));
  expect(versions).toEqual(Array.from({ length: 2 * TURNS }, (_, i) => i + 2));
  // The first found the account as it had left it, the other had never seen it.
  expect(await Promise.all(bank.services.map(triedAgain))).toEqual([1, 1]);

  // Alone again, the first finds nothing moved and leaves the lock; the other does not know.
  for (let turn = 0; turn < 3; turn += 1) await pay(0);
  await pay(1);
  await pay(0);
  expect(await Promise.all(bank.services.map(triedAgain))).toEqual([2, 1]);
});
