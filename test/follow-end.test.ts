import { afterEach, expect, test } from "vitest";
import { newClient, openBank, type RunningBank } from "./support/running-bank.ts";
import { newStaff, tokenOf } from "./support/staff.ts";

/** What a stop may take that has nothing to wait for; a cut would come after 3 s. */
const PROMPT_MS = 2_000;
const WAYS: readonly (readonly [string, readonly string[]])[] = [
  ["one process", []],
  ["processes", ["--processes"]],
];

let bank: RunningBank | undefined;
afterEach(() => bank?.close());

test.each(WAYS)(
  "as %s, a followed log ends with a whole line as soon as the system stops",
  { timeout: 90_000 },
  async (_, args) => {
    bank = await openBank(args);
    const token = await tokenOf(bank.url, await newStaff(bank, ["auditor"]));
    const client = await newClient(bank.url);
    await client.command("/v1/accounts", { type: "checking", currency: "EUR" });
    const response = await fetch(`${bank.url}/v1/events?follow=true`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader?.read())?.value ?? "";

    const from = performance.now();
    const closed = bank.close();
    for (;;) {
      const piece = await reader?.read();
      if (piece === undefined || piece.done) break;
      text += piece.value;
    }
    expect(performance.now() - from).toBeLessThan(PROMPT_MS);
    await closed;
    expect(text.endsWith("\n")).toBe(true);
    expect(
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).type),
    ).toEqual(["AccountOpened"]);
  },
);
