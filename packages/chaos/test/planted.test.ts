import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { INVARIANTS } from "../src/checks/findings.ts";
import { FAULTS } from "../src/faults/index.ts";
import { applied, ROOT } from "../src/planted/copy.ts";
import { DEFECTS } from "../src/planted/defects.ts";

test("every planted defect fits the source as it is, and names a fault and invariants", () => {
  expect(DEFECTS.length).toBeGreaterThanOrEqual(10);
  for (const { name, edits, fault, caughtBy } of DEFECTS) {
    const texts = new Map<string, string>();
    for (const edit of edits) {
      const text = texts.get(edit.file) ?? readFileSync(join(ROOT, edit.file), "utf8");
      const changed = applied(text, edit);
      expect(changed, name).not.toBe(text);
      texts.set(edit.file, changed);
    }
    expect(FAULTS.map((one) => one.name)).toContain(fault);
    for (const invariant of caughtBy) expect(INVARIANTS).toHaveProperty(invariant);
  }
});

test("an edit that does not fit, or fits twice, is refused", () => {
  const edit = { file: "a.ts", find: "b", replace: "c" };
  expect(() => applied("a", edit)).toThrow("a.ts has 0 times");
  expect(() => applied("b b", edit)).toThrow("a.ts has 2 times");
  expect(applied("a b", edit)).toBe("a c");
});
