import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { readable } from "../src/log/readable.ts";

const PIECE = "x".repeat(100_000);

function endless(made: { count: number }): AsyncIterable<string> {
  return (async function* () {
    for (;;) {
      made.count += 1;
      yield PIECE;
    }
  })();
}

test("nothing is made ahead of a reader that does not read", async () => {
  const made = { count: 0 };
  const stream = readable(endless(made));
  stream.read(1);
  for (let i = 0; i < 100; i += 1) await setImmediate();
  expect(made.count).toBeLessThanOrEqual(2);
  stream.destroy();
});

test("the end is told when the reader has gone, though a piece is awaited", async () => {
  const ended = Promise.withResolvers<void>();
  const never = (async function* () {
    await new Promise(() => undefined);
    yield "";
  })();
  const stream = readable(never, ended.resolve);
  stream.read();
  stream.destroy();
  await ended.promise;
});

test("a failure of the pieces destroys the stream: half an answer is not whole", async () => {
  const failing = (async function* () {
    yield "one\n";
    throw new Error("away");
  })();
  const stream = readable(failing);
  stream.resume();
  const [error] = await once(stream, "error");
  expect(error.message).toBe("away");
});

test("the end is told once, also when the pieces end by themselves", async () => {
  let ends = 0;
  const stream = readable(
    (async function* () {
      yield "one\n";
    })(),
    () => {
      ends += 1;
    },
  );
  stream.resume();
  await once(stream, "close");
  stream.destroy();
  expect(ends).toBe(1);
});
