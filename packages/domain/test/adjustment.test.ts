import { expect, test } from "vitest";
import {
  type Account,
  evolveAccount,
  type Judge,
  judgeAdjustment,
  judgeLimits,
  proposeAdjustment,
} from "../src/index.ts";
import { ANYBODY, account, as, euros, OWNER, STRANGER, shown, TODAY, yen } from "./support.ts";

const BY = { by: ANYBODY, when: TODAY, proposalId: "p", proposedBy: OWNER, reason: "a slip" };
const CORRECTS = { version: 2, transactionId: "t" };

function propose(state: Account | undefined, more: object = {}) {
  const about = { corrects: CORRECTS, isReversed: false } as const;
  const command = { ...BY, ...about, direction: "credit", amount: euros(500n) } as const;
  return proposeAdjustment({ ...command, ...more }, state);
}

function proposed(state: Account, more: object = {}): Account {
  const decision = propose(state, more);
  if (decision.kind === "refused") throw new Error(decision.code);
  return evolveAccount(state, decision.facts);
}

function judge(state: Account | undefined, more: Partial<Judge> = {}) {
  const word = { when: TODAY, proposalId: "p", verdict: "approve", decidedBy: STRANGER } as const;
  return judgeAdjustment({ ...word, ...more, transactionId: "x" }, state);
}

test("an approved correction is a posting that says why, and what it corrects", () => {
  const decision = judge(proposed(account(), { reference: "Sorry" }));
  const said = { proposalId: "p", reason: "a slip", corrects: CORRECTS, reference: "Sorry" };
  expect(decision).toMatchObject({
    facts: [
      { type: "AdjustmentApproved", data: { proposedBy: OWNER, decidedBy: STRANGER } },
      {
        type: "MoneyAdjusted",
        data: {
          ...{ transactionId: "x", direction: "credit", amount: shown("5.00") },
          ...{ balanceAfter: shown("105.00"), ...said },
        },
      },
    ],
  });
});

test("after either verdict it waits no more", () => {
  const open = proposed(account());
  for (const verdict of ["approve", "reject"] as const) {
    const decision = judge(open, { verdict });
    if (decision.kind === "refused") throw new Error(decision.code);
    const after = decision.facts.reduce<Account>(evolveAccount, open);
    const balance = verdict === "approve" ? 10_500n : 10_000n;
    const corrected = verdict === "approve" && { corrected: [CORRECTS.version] };
    expect(after).toEqual(account({ balance, ...corrected }));
    expect(judge(after)).toMatchObject({ code: "proposal_closed" });
  }
});

const REFUSED: [string, () => unknown, string][] = [
  ["of nobody's account", () => propose(undefined), "not_found"],
  ["of another's account", () => propose(account(), { by: as(STRANGER) }), "not_found"],
  ["of a closed account", () => propose(account({ status: "closed" })), "account_closed"],
  ["in another currency", () => propose(account(), { amount: yen(1n) }), "currency_mismatch"],
  ["of a transfer given back", () => propose(account(), { isReversed: true }), "already_reversed"],
  ["while another waits", () => propose(proposed(account())), "already_corrected"],
  ["a second time", () => propose(account({ corrected: [2] })), "already_corrected"],
  [
    "of what was corrected since",
    () => judge({ ...proposed(account()), corrected: [2] }),
    "already_corrected",
  ],
  [
    "that gives to who decides",
    () => judge(proposed(account(), { proposedBy: STRANGER }), { decidedBy: OWNER }),
    "self_approval",
  ],
  ["by who proposed it", () => judge(proposed(account()), { decidedBy: OWNER }), "self_approval"],
  ["that nobody proposed", () => judge(account()), "proposal_closed"],
  [
    "of limits as one of money",
    () => {
      const word = {
        when: TODAY,
        proposalId: "p",
        verdict: "approve",
        decidedBy: STRANGER,
      } as const;
      return judgeLimits(word, proposed(account()));
    },
    "proposal_closed",
  ],
  [
    "beyond what is there",
    () => judge(proposed(account(), { direction: "debit", amount: euros(10_001n) })),
    "insufficient_funds",
  ],
  [
    "that takes from a frozen account",
    () => judge({ ...proposed(account(), { direction: "debit" }), status: "frozen" }),
    "account_frozen",
  ],
  [
    "of an account that was closed since",
    () => judge({ ...proposed(account({ balance: 0n })), status: "closed" }),
    "account_closed",
  ],
];

test.each(REFUSED)("a correction %s is refused", (_, decide, code) => {
  expect(decide()).toEqual({ kind: "refused", code });
});

test("holds that are over make room first, and say so", () => {
  const holds = {
    h: { remaining: 9_900n, captured: 0n, placedOn: TODAY.day, expiresAt: TODAY.now },
  };
  const state = proposed(account({ holds }), { direction: "debit" });
  const decision = judge(state);
  expect(decision).toMatchObject({
    facts: [{ type: "HoldExpired" }, { type: "AdjustmentApproved" }, { type: "MoneyAdjusted" }],
  });
});
