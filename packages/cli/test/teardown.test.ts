import { expect, test } from "vitest";
import { createTeardown } from "../src/start/teardown.ts";

test("what was started last ends first, once, whatever fails to end", async () => {
  const ended: string[] = [];
  const teardown = createTeardown();
  teardown.add(() => ended.push("first"));
  teardown.add(async () => Promise.reject(new Error("it hangs")));
  teardown.add(async () => ended.push("last"));
  await expect(teardown.run()).rejects.toThrow("it hangs");
  await teardown.run();
  expect(ended).toEqual(["last", "first"]);
});
