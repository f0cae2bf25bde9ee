import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createSealer } from "../src/opaque.ts";

const key = randomBytes(32);
const sealer = createSealer(key, "cursor");

test("what was sealed is opened as it was", () => {
  for (const length of [0, 1, 15, 16, 100]) {
    const payload = randomBytes(length);
    expect(sealer.open(sealer.seal(payload))).toEqual(payload);
  }
});

test("any changed character is seen, the spare bits of the last one too", () => {
  for (const length of [0, 1, 2, 3]) {
    const text = sealer.seal(randomBytes(length));
    for (let i = 0; i < text.length; i += 1) {
      for (const other of ["A", "B", "-", "_", "9"]) {
        if (other === text[i]) continue;
        expect(sealer.open(text.slice(0, i) + other + text.slice(i + 1))).toBeUndefined();
      }
    }
  }
});

test("what was sealed for another purpose or with another key is not opened", () => {
  const text = sealer.seal(Buffer.from("x"));
  expect(createSealer(key, "consistency").open(text)).toBeUndefined();
  expect(createSealer(randomBytes(32), "cursor").open(text)).toBeUndefined();
});

test.each(["", "x", "=", "AAAA", "a".repeat(2000), "é"])("%s is not opened", (text) => {
  expect(sealer.open(text)).toBeUndefined();
});
