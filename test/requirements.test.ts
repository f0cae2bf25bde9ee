import { expect, test } from "vitest";
import { type Report, rowsOf, strangersOf } from "../tools/requirements.ts";

const DOCUMENT = "| Row | Promise |\n|---|---|\n| S1 | TLS |\n| S2 | a policy |\n| S73a | keys |\n";

function report(...tests: [title: string, status: string][]): Report {
  const assertionResults = tests.map(([fullName, status]) => ({ fullName, status }));
  return { testResults: [{ name: "/a.test.ts", assertionResults }] };
}

const CASES: [what: string, tests: [string, string][], results: string[]][] = [
  ["a test that passed", [["[S1] is spoken", "passed"]], ["holds", "has no test", "has no test"]],
  [
    "one that failed beside it",
    [
      ["[S1] a", "passed"],
      ["[S1] b", "failed"],
    ],
    ["fails", "has no test", "has no test"],
  ],
  ["one that was skipped", [["[S1] a", "skipped"]], ["has no test", "has no test", "has no test"]],
  ["one for two rows", [["x [S1] [S73a] a", "passed"]], ["holds", "has no test", "holds"]],
  ["one of S10", [["[S10] a", "passed"]], ["has no test", "has no test", "has no test"]],
];

test.each(CASES)("[S66] with %s the rows say so", (_, tests, results) => {
  expect(rowsOf(DOCUMENT, [report(...tests)]).map(({ result }) => result)).toEqual(results);
});

test("[S66] a title with a row that is not promised is told", () => {
  expect(strangersOf(DOCUMENT, [report(["[S1] [S99] a", "passed"])])).toEqual(["S99"]);
});
