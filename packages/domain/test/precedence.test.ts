import { expect, test } from "vitest";
import {
  type Account,
  type By,
  close,
  type Decision,
  deposit,
  freeze,
  type Money,
  type Refusal,
  type ReversalSent,
  type ReversedTransfer,
  reverse,
  type TransferSent,
  transfer,
  unfreeze,
  withdraw,
} from "../src/index.ts";
import { account, as, euros, OWNER, STRANGER, shown, TODAY, yen } from "./support.ts";

const [HERE, THERE] = ["account-a", "account-b"];
const TOP = 10n ** 17n - 1n;

/** Everything that decisions look at. `payer` is also the one account of a command on one. */
interface Scene {
  readonly by: By;
  readonly amount: Money;
  readonly payer: Account | undefined;
  readonly receiver: Account | undefined;
  readonly toAccountId: string;
  readonly original: TransferSent | ReversalSent | undefined;
  readonly mark: ReversedTransfer | undefined;
}
type Fault = readonly [what: string, code: Refusal, put: (scene: Scene) => Partial<Scene>];

const original: TransferSent = {
  type: "TransferSent",
  data: {
    ...{ transactionId: "d", transferId: "t", fromAccountId: THERE, toAccountId: HERE },
    ...{ amount: shown("40.00"), direction: "debit", balanceAfter: shown("60.00") },
    counterpartyAccountId: HERE,
  },
};
const reversal = { ...original, type: "ReversalSent" } as unknown as ReversalSent;

const IN_ORDER: Scene = {
  ...{ by: as(OWNER), amount: euros(4_000n), toAccountId: THERE },
  ...{ payer: account(), receiver: account({ ownerId: STRANGER }) },
  ...{ original, mark: undefined },
};

const payer = (change: Partial<Account>) => (scene: Scene) => ({
  payer: scene.payer && { ...scene.payer, ...change },
});
const receiver = (change: Partial<Account>) => (scene: Scene) => ({
  receiver: scene.receiver && { ...scene.receiver, ...change },
});

const missing: Fault = ["on nothing", "not_found", () => ({ payer: undefined })];
const foreign: Fault = ["another's", "not_found", payer({ ownerId: STRANGER })];
const closed: Fault = ["closed", "account_closed", payer({ status: "closed" })];
const frozen: Fault = ["frozen", "account_frozen", payer({ status: "frozen" })];
const thawed: Fault = ["open", "account_not_frozen", payer({ status: "open" })];
const amountInYen: Fault = ["of yen", "currency_mismatch", () => ({ amount: yen(4_000n) })];
const inYen: Fault = ["in yen", "currency_mismatch", payer({ currency: "JPY" })];
const filled: Fault = ["not empty", "account_not_empty", payer({ balance: 1n })];
const poor: Fault = ["too poor", "insufficient_funds", payer({ balance: 3_999n })];
const full: Fault = ["too full", "limit_exceeded", payer({ balance: TOP })];
const toNothing: Fault = ["to nothing", "not_found", () => ({ receiver: undefined })];
const toItself: Fault = [
  "to itself",
  "same_account",
  (scene) => ({ toAccountId: HERE, receiver: scene.payer }),
];
const toClosed: Fault = ["to closed", "account_closed", receiver({ status: "closed" })];
const toYen: Fault = ["to yen", "currency_mismatch", receiver({ currency: "JPY" })];
const toFull: Fault = ["to full", "limit_exceeded", receiver({ balance: TOP })];
const unknown: Fault = ["of nothing", "not_found", () => ({ original: undefined })];
const ofReversal: Fault = ["of a reversal", "not_reversible", () => ({ original: reversal })];
const again: Fault = ["again", "already_reversed", () => ({ mark: { reversalId: "earlier" } })];

interface Row {
  readonly command: string;
  readonly decide: (scene: Scene) => Decision<unknown>;
  /** In the order in which they are said. */
  readonly faults: readonly Fault[];
  /** What is different in a scene in which this command is accepted. */
  readonly begin?: (scene: Scene) => Partial<Scene>;
}

const onMoney = ({ by, amount }: Scene) => ({
  ...{ by, amount, transactionId: "x", feeId: "f", when: TODAY },
});
const LEGS = { when: TODAY, debitId: "d", creditId: "c", feeId: "f" };

const ROWS: readonly Row[] = [
  {
    command: "a deposit",
    decide: (scene) => deposit(onMoney(scene), scene.payer),
    faults: [missing, foreign, closed, amountInYen, full],
  },
  {
    command: "a withdrawal",
    decide: (scene) => withdraw(onMoney(scene), scene.payer),
    faults: [missing, foreign, closed, frozen, amountInYen, poor],
  },
  {
    command: "a freeze",
    decide: (scene) => freeze({ by: scene.by, reason: "r" }, scene.payer),
    faults: [missing, foreign, closed, frozen],
  },
  {
    command: "an unfreeze",
    decide: (scene) => unfreeze({ by: scene.by, reason: "r" }, scene.payer),
    faults: [missing, foreign, closed, thawed],
    begin: payer({ status: "frozen" }),
  },
  {
    command: "a close",
    decide: (scene) => close({ by: scene.by, when: TODAY }, scene.payer),
    faults: [missing, foreign, closed, frozen, filled],
    begin: payer({ balance: 0n }),
  },
  {
    command: "a transfer",
    decide({ by, amount, toAccountId, payer: from, receiver: to }) {
      const parties = { fromAccountId: HERE, toAccountId };
      return transfer({ by, amount, transferId: "t", ...parties, ...LEGS }, from, to);
    },
    faults: [
      ...[missing, foreign, toNothing, toItself, closed, frozen, amountInYen, inYen],
      ...[toClosed, toYen, poor, toFull],
    ],
  },
  {
    command: "a reversal",
    decide({ original: sent, mark, payer: from, receiver: to }) {
      return reverse({ reversalId: "r", reason: "r", ...LEGS }, sent, mark, from, to);
    },
    faults: [
      ...[unknown, ofReversal, again, missing, toNothing, closed, frozen, inYen],
      ...[toClosed, toYen, poor, toFull],
    ],
  },
];

test.each(ROWS)("$command without a fault is accepted", ({ decide, begin }) => {
  expect(decide(put(IN_ORDER, begin))).toMatchObject({ kind: "accepted" });
});

type Case = [name: string, row: Row, faults: readonly Fault[]];

const ONE: Case[] = ROWS.flatMap((row) => {
  return row.faults.map((fault): Case => [`${row.command}: ${fault[0]}`, row, [fault]]);
});

test.each(ONE)("[S44] one fault is refused by its name: %s", (_, row, faults) => {
  expect(decisionWith(row, faults)).toEqual({ kind: "refused", code: faults[0]?.[1] });
});

const TWO: Case[] = ROWS.flatMap((row) => {
  return row.faults.flatMap((first, at) => {
    return row.faults.slice(at + 1).map((second): Case => {
      return [`${row.command}: ${first[0]} before ${second[0]}`, row, [first, second]];
    });
  });
});

test.each(TWO)("of two faults the first is said: %s", (_, row, faults) => {
  expect(decisionWith(row, faults)).toEqual({ kind: "refused", code: faults[0]?.[1] });
});

/** The first fault goes in last, so that it is there where both are of the same part. */
function decisionWith({ decide, begin }: Row, faults: readonly Fault[]): Decision<unknown> {
  const scene = faults.reduceRight((now, [, , fault]) => put(now, fault), put(IN_ORDER, begin));
  return decide(scene);
}

function put(scene: Scene, change?: (scene: Scene) => Partial<Scene>): Scene {
  return { ...scene, ...change?.(scene) };
}
