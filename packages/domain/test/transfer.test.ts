import { expect, test } from "vitest";
import {
  type Account,
  evolveTransfer,
  type Money,
  type ReversalSent,
  reverse,
  type TransferSent,
  transfer,
} from "../src/index.ts";
import { ANYBODY, account, as, euros, OWNER, STRANGER, shown, TODAY, yen } from "./support.ts";

const [FROM, TO] = ["account-a", "account-b"];
const IDS = {
  ...{ when: TODAY, transferId: "transfer", debitId: "debit", creditId: "credit" },
  feeId: "fee",
};
const theirs = account({ ownerId: STRANGER, balance: 100n });

function send(amount: Money, from?: Account, to?: Account, change: object = {}) {
  const parties = { fromAccountId: FROM, toAccountId: TO };
  return transfer({ by: as(OWNER), ...IDS, ...parties, amount, ...change }, from, to);
}

test("[S42] a transfer is two events, each of which tells the whole of it", () => {
  const decision = send(euros(4_000n), account(), theirs, { reference: "Rent" });
  const common = {
    ...{ transferId: "transfer", fromAccountId: FROM, toAccountId: TO },
    ...{ amount: shown("40.00"), reference: "Rent" },
  };
  expect(decision).toEqual({
    kind: "accepted",
    facts: {
      fee: [],
      expired: [],
      sent: {
        type: "TransferSent",
        data: {
          ...common,
          ...{ transactionId: "debit", direction: "debit", balanceAfter: shown("60.00") },
          counterpartyAccountId: TO,
          day: TODAY.day,
        },
      },
      received: {
        type: "TransferReceived",
        data: {
          ...common,
          ...{ transactionId: "credit", direction: "credit", balanceAfter: shown("41.00") },
          counterpartyAccountId: FROM,
        },
      },
    },
  });
});

const closed = account({ status: "closed", balance: 0n });
const frozen = account({ status: "frozen" });
const inYen = account({ currency: "JPY" });
const full = account({ balance: 10n ** 17n - 1n });
const mine = account();

type Row = [what: string, decision: () => unknown, code: string];
const self = { toAccountId: FROM };
const REFUSED: Row[] = [
  ["from nothing", () => send(euros(1n), undefined, theirs), "not_found"],
  ["to nothing", () => send(euros(1n), mine, undefined), "not_found"],
  ["out of another's account", () => send(euros(1n), theirs, mine), "not_found"],
  ["to itself", () => send(euros(1n), mine, mine, self), "same_account"],
  ["from a closed account", () => send(euros(1n), closed, theirs), "account_closed"],
  ["from a frozen account", () => send(euros(1n), frozen, theirs), "account_frozen"],
  ["of another currency", () => send(yen(1n), mine, theirs), "currency_mismatch"],
  ["to a closed account", () => send(euros(1n), mine, closed), "account_closed"],
  ["to an account in yen", () => send(euros(1n), mine, inYen), "currency_mismatch"],
  ["of more than there is", () => send(euros(10_001n), mine, theirs), "insufficient_funds"],
  ["beyond the top", () => send(euros(1n), mine, full), "limit_exceeded"],
  ["another's to itself", () => send(euros(1n), theirs, theirs, self), "not_found"],
  ["frozen to itself", () => send(euros(1n), frozen, frozen, self), "same_account"],
  ["frozen and too much", () => send(euros(10_001n), frozen, theirs), "account_frozen"],
  ["too much to a closed account", () => send(euros(10_001n), mine, closed), "account_closed"],
  ["too much to yen", () => send(euros(10_001n), mine, inYen), "currency_mismatch"],
  ["too much beyond the top", () => send(euros(10_001n), mine, full), "insufficient_funds"],
];

test.each(REFUSED)("[S44] a transfer %s is refused", (_, decision, code) => {
  expect(decision()).toEqual({ kind: "refused", code });
});

test("a transfer to a frozen account and a teller's of anybody's money are accepted", () => {
  expect(send(euros(1n), mine, frozen)).toMatchObject({ kind: "accepted" });
  expect(send(euros(1n), theirs, mine, { by: ANYBODY })).toMatchObject({ kind: "accepted" });
});

const sent: TransferSent = {
  type: "TransferSent",
  data: {
    ...{ transactionId: "d", transferId: "transfer", fromAccountId: FROM, toAccountId: TO },
    ...{ amount: shown("40.00"), direction: "debit", balanceAfter: shown("60.00") },
    counterpartyAccountId: TO,
  },
};
const reversal = { ...sent, type: "ReversalSent" } as unknown as ReversalSent;
const command = {
  ...{ reversalId: "reversal", debitId: "e", creditId: "f", reason: "sent twice" },
  when: TODAY,
};
const holder = account({ ownerId: STRANGER });

test("a reversal gives the money back and marks the transfer", () => {
  const decision = reverse(command, sent, undefined, holder, mine);
  if (decision.kind === "refused") throw new Error(decision.code);
  const { sent: back, received, reversed } = decision.facts;
  const parties = { fromAccountId: TO, toAccountId: FROM, reversesTransferId: "transfer" };
  expect(back).toMatchObject({
    type: "ReversalSent",
    data: { ...parties, direction: "debit", balanceAfter: shown("60.00"), transferId: "reversal" },
  });
  expect(received).toMatchObject({
    type: "ReversalReceived",
    data: { ...parties, direction: "credit", balanceAfter: shown("140.00") },
  });
  expect(reversed.data).toMatchObject({ transferId: "transfer", reversalId: "reversal" });
  expect(evolveTransfer(undefined, reversed)).toEqual({ reversalId: "reversal" });
});

const done = { reversalId: "earlier" };
const poor = account({ balance: 3_999n });
const NOT_REVERSED: Row[] = [
  ["of nothing", () => reverse(command, undefined, undefined, holder, mine), "not_found"],
  ["of a reversal", () => reverse(command, reversal, done, holder, mine), "not_reversible"],
  ["a second time", () => reverse(command, sent, done, closed, mine), "already_reversed"],
  [
    "from a closed account",
    () => reverse(command, sent, undefined, closed, mine),
    "account_closed",
  ],
  [
    "from a frozen account",
    () => reverse(command, sent, undefined, frozen, mine),
    "account_frozen",
  ],
  [
    "to a closed account",
    () => reverse(command, sent, undefined, holder, closed),
    "account_closed",
  ],
  ["of money spent", () => reverse(command, sent, undefined, poor, mine), "insufficient_funds"],
  ["beyond the top", () => reverse(command, sent, undefined, holder, full), "limit_exceeded"],
];

test.each(NOT_REVERSED)("a reversal %s is refused", (_, decision, code) => {
  expect(decision()).toEqual({ kind: "refused", code });
});
