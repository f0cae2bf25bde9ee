import { expect, test } from "vitest";
import { createTurnstile } from "../src/turnstile.ts";

const full = new Error("full");

function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, open: resolve };
}

test("some work at once, some wait, and whoever comes then is refused unheard", async () => {
  const turnstile = createTurnstile({ atOnce: 2, waitingMax: 1, refusal: () => full });
  const started: string[] = [];
  const gates = [gate(), gate(), gate()];
  const works = ["a", "b", "c"].map((name, i) => {
    return turnstile.pass(async () => {
      started.push(name);
      await gates[i]?.promise;
    });
  });
  await expect(turnstile.pass(async () => started.push("d"))).rejects.toBe(full);
  expect(started).toEqual(["a", "b"]);
  gates[1]?.open();
  await works[1];
  await expect.poll(() => started).toEqual(["a", "b", "c"]);
  for (const { open } of gates) open();
  await Promise.all(works);
});

test("a failure gives its place to the next", async () => {
  const turnstile = createTurnstile({ atOnce: 1, waitingMax: 1, refusal: () => full });
  const failing = turnstile.pass(() => Promise.reject(new Error("no")));
  const next = turnstile.pass(async () => "done");
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("done");
  expect(await turnstile.pass(async () => "again")).toBe("again");
});
