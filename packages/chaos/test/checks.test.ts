import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Findings, type Invariant } from "../src/checks/findings.ts";
import { foldLog } from "../src/checks/fold.ts";
import type { Ledger, Logged } from "../src/checks/log.ts";
import { checkOrders } from "../src/checks/orders.ts";
import { checkCheckpoints } from "../src/checks/tree.ts";
import type { Order } from "../src/load/orders.ts";

const [ONE, OTHER] = ["one", "other"];
const euros = (value: string) => ({ value, currency: "EUR" });

type Fact = Pick<Logged, "streamId" | "version" | "type" | "data">;

const posting = (
  [streamId, version]: [string, number],
  type: string,
  [amount, after]: [string, string],
  more: Partial<Logged["data"]> = {},
): Fact => {
  const direction = /Sent|Withdrawn|Captured/.test(type) ? ("debit" as const) : ("credit" as const);
  const data = { amount: euros(amount), balanceAfter: euros(after), direction, ...more };
  return { streamId, version, type, data };
};

const SOUND: readonly Fact[] = [
  { streamId: ONE, version: 1, type: "AccountOpened", data: { currency: "EUR" } },
  { streamId: OTHER, version: 1, type: "AccountOpened", data: { currency: "EUR" } },
  posting([ONE, 2], "MoneyDeposited", ["5.00", "5.00"], { reference: "run-0" }),
  posting([ONE, 3], "TransferSent", ["2.00", "3.00"], { transferId: "t", reference: "run-1" }),
  posting([OTHER, 2], "TransferReceived", ["2.00", "2.00"], {
    ...{ transferId: "t", reference: "run-1" },
  }),
];

function logged(facts: readonly Fact[], more: Partial<Logged> = {}): Logged[] {
  return facts.map((fact, i) => {
    const [dataText, metaText] = [JSON.stringify(fact.data), '{"ledger":1}'];
    const at = "2026-11-24T00:00:00.000Z";
    const common = { ledger: 1, position: i + 1, eventId: `e${i}`, schemaVersion: 1 };
    return { ...fact, ...common, dataText, metaText, recordedAt: at, ...more };
  });
}

function ledgerOf(events: readonly Logged[], balance = "300"): Ledger {
  const answer = { text: "{}", token: "t", status: 201 };
  return {
    events,
    heads: new Map([[1, events.length]]),
    streams: [
      { streamId: ONE, category: "account", version: 3, state: { balance } },
      { streamId: OTHER, category: "account", version: 2, state: { balance: "200" } },
    ],
    answers: new Map([
      ["run-0", answer],
      ["run-1", answer],
    ]),
  };
}

function kindsOf(ledger: Ledger): Invariant[] {
  const found = new Findings();
  foldLog(ledger, found);
  return [...new Set(found.all.map(({ invariant }) => invariant))];
}

const [, , deposit, sent, received] = SOUND as [Fact, Fact, Fact, Fact, Fact];
const opened = SOUND.slice(0, 2);

describe("the fold of the log", () => {
  test("finds nothing in a sound one", () => {
    expect(kindsOf(ledgerOf(logged(SOUND)))).toEqual([]);
  });

  const WRONG: [what: string, ledger: Ledger, by: Invariant][] = [
    ["a position left out", ledgerOf(logged(SOUND).toSpliced(2, 1)), "positions"],
    [
      "a head beyond the log",
      { ...ledgerOf(logged(SOUND)), heads: new Map([[1, 9]]) },
      "positions",
    ],
    [
      "a time that goes back",
      ledgerOf(logged(SOUND).map((one, i) => (i < 4 ? { ...one, recordedAt: "2027" } : one))),
      "times",
    ],
    [
      "a version left out",
      ledgerOf(logged([...opened, { ...deposit, version: 3 }, sent, received])),
      "versions",
    ],
    ["a transfer with one leg", ledgerOf(logged([...opened, deposit, sent])), "money"],
    [
      "a balance that does not add up",
      ledgerOf(
        logged([...opened, posting([ONE, 2], "MoneyDeposited", ["5.00", "6.00"]), sent, received]),
      ),
      "balances",
    ],
    [
      "money spent that is not there",
      ledgerOf(logged([...opened, posting([ONE, 2], "MoneyWithdrawn", ["5.00", "-5.00"])])),
      "limits",
    ],
    ["a kept state of yesterday", ledgerOf(logged(SOUND), "500"), "kept states"],
  ];

  test.each(WRONG)("finds %s", (_, ledger, by) => {
    expect(kindsOf(ledger)).toContain(by);
  });
});

describe("the orders of a load", () => {
  const order = (n: number, kind: Order["kind"], status: number, text = "{}"): Order => {
    const key = `run-${n}`;
    const given = status === 0 ? [] : [{ status, text, token: "t", isReplay: false }];
    return { key, kind, mark: key, given, owner: {} as never, accountId: ONE, path: "", body: {} };
  };
  const outcomeOf = (orders: readonly Order[], events = logged(SOUND)) => {
    const found = new Findings();
    const outcome = checkOrders(orders, ledgerOf(events), found);
    return { ...outcome, kinds: found.all.map(({ invariant }) => invariant) };
  };
  const both = [order(0, "deposit", 201), order(1, "transfer", 201)];

  test("are as they were answered", () => {
    expect(outcomeOf(both)).toEqual({ lost: 0, doubled: 0, kinds: [] });
    const unanswered = [order(0, "deposit", 0), order(1, "transfer", 201)];
    expect(outcomeOf(unanswered)).toEqual({ lost: 0, doubled: 0, kinds: [] });
  });

  test("are missed where they are lost, doubled, half done, answered otherwise or unknown", () => {
    const twice = logged([...SOUND, { ...deposit, version: 4 }]);
    expect(outcomeOf(both, logged(opened))).toMatchObject({ lost: 2 });
    expect(outcomeOf(both, twice)).toMatchObject({ doubled: 1, kinds: ["acknowledged once"] });
    const half = logged([...opened, deposit, sent]);
    const open = [order(0, "deposit", 201), order(1, "transfer", 0)];
    expect(outcomeOf(open, half).kinds).toEqual(["unanswered once"]);
    const other = [order(0, "deposit", 201, '{"a":1}'), order(1, "transfer", 201)];
    expect(outcomeOf(other).kinds).toEqual(["same answers"]);
    const refused = [order(0, "deposit", 422), order(1, "transfer", 201)];
    expect(outcomeOf(refused).kinds).toEqual(["unanswered once"]);
    expect(outcomeOf([order(1, "transfer", 201)]).kinds).toEqual(["unanswered once"]);
  });
});

test("checkpoints that shrink, differ or are of another log are found", () => {
  const events = logged(SOUND.slice(0, 1));
  const leaf = createHash("sha256").update(Buffer.of(0));
  const [{ dataText, metaText, recordedAt }] = events as [Logged];
  leaf.update(
    `{"data":${dataText},"eventId":"e0","meta":${metaText},"position":1,` +
      `"recordedAt":"${recordedAt}","schemaVersion":1,"streamId":"one","type":"AccountOpened",` +
      '"version":1}',
  );
  const key = `bank+00000000+${Buffer.alloc(33, 1).toString("base64")}`;
  const note = (size: number, root: string) => `bank\n${size}\n${root}\n\n— bank AAAA\n`;
  const kinds = (...notes: string[]) => {
    const found = new Findings();
    checkCheckpoints(notes, key, events, found);
    return found.all.map(({ what }) => what);
  };
  const root = leaf.digest("base64");
  const unsigned = (size: number) => `the one of ${size} events is not signed by the bank's key`;
  expect(kinds(note(1, root))).toEqual([unsigned(1)]);
  expect(kinds(note(1, "other"))).toEqual([unsigned(1), "the root of 1 events is another"]);
  expect(kinds(note(1, root), note(1, "x"))).toContain("two roots of 1");
  expect(kinds(note(1, root), note(0, "x"))).toContain("0 events after 1");
  expect(kinds(note(2, root))).toContain("2 events are sealed, 1 are there");
});
