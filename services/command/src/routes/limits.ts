import { type LimitsRequest, operations, type Proposal } from "@countinghouse/contracts";
import {
  judgeLimits,
  type Limits,
  type LimitsApproved,
  type LimitsRejected,
  type MoneyText,
  moneyText,
  proposeLimits,
} from "@countinghouse/domain";
import type { Call, Handler } from "@countinghouse/service-kit";
import { NO_STREAM } from "../aggregates.ts";
import { accountOf } from "../domain-aggregates.ts";
import { byOf, commandOf, FIRST_LEDGER, following, moneyOf } from "../prepare.ts";
import type { RouteDeps } from "./deps.ts";
import { onAccount } from "./on-account.ts";
import { findOrigin } from "./origins.ts";

type Handlers = {
  [Name in "proposeLimits" | "approveProposal" | "rejectProposal"]: Handler<Name>;
};

/** Limits by four eyes: proposed by one person, approved or rejected by another. */
export function limitRoutes(deps: RouteDeps): Handlers {
  return {
    proposeLimits: (call) => propose(call, deps),
    approveProposal: (call) => judge(call, operations.approveProposal, "approve", deps),
    rejectProposal: (call) => judge(call, operations.rejectProposal, "reject", deps),
  };
}

async function propose(call: Call<typeof operations.proposeLimits>, deps: RouteDeps) {
  const { accountId } = call.params;
  const home = await deps.ledgers.find("account", accountId);
  const proposalId = deps.newId(home?.ledger ?? FIRST_LEDGER);
  const command = {
    ...{ by: byOf(call.scope), when: deps.when(), proposalId },
    limits: limitsOf(call.body),
    proposedBy: call.principal.userId,
  };
  return deps.execute({
    ...commandOf(operations.proposeLimits, call),
    ...(await onAccount(deps.ledgers, accountId, (stream) => {
      const decision = proposeLimits(command, accountOf(stream));
      if (decision.kind === "refused") return decision;
      const { events } = following(stream, [decision.facts]);
      const body = { proposalId };
      return { kind: "accepted", status: 202, body, events: new Map([[0, events]]) };
    })),
  });
}

type Judgement = typeof operations.approveProposal | typeof operations.rejectProposal;

async function judge(
  call: Call<Judgement>,
  operation: Judgement,
  verdict: "approve" | "reject",
  deps: RouteDeps,
) {
  const { proposalId } = call.params;
  const { ledger, reads, accountId } = await findOrigin(deps, "LimitsProposed", proposalId);
  const decidedBy = call.principal.userId;
  const command = { when: deps.when(), proposalId, verdict, decidedBy };
  return deps.execute({
    ...commandOf(operation, call),
    ledger,
    reads,
    decide([stream = NO_STREAM]) {
      const decision = judgeLimits(command, accountOf(stream));
      if (decision.kind === "refused") return decision;
      const { events } = following(stream, [decision.facts]);
      const body = decided(accountId, decision.facts);
      return { kind: "accepted", status: 200, body, events: new Map([[0, events]]) };
    },
  });
}

function decided(accountId: string, { type, data }: LimitsApproved | LimitsRejected): Proposal {
  const { proposalId, limits, proposedBy, proposedAt, decidedBy, decidedAt } = data;
  const status = type === "LimitsApproved" ? "approved" : "rejected";
  return {
    ...{ proposalId, accountId, kind: "limits", limits, status },
    ...{ proposedBy, proposedAt, decidedBy, decidedAt },
  };
}

/** Every amount with the decimals of its currency; throws a 400 that points at what is wrong. */
function limitsOf({ channels, ...own }: LimitsRequest): Limits {
  if (channels === undefined) return capsOf(own, "");
  const entries = Object.entries(channels).map(([way, caps]) => {
    return [way, capsOf(caps, `/channels/${way}`)];
  });
  return { ...capsOf(own, ""), channels: Object.fromEntries(entries) };
}

function capsOf<Caps extends Readonly<Record<string, MoneyText>>>(caps: Caps, at: string): Caps {
  const entries = Object.entries(caps).map(([name, text]) => {
    const { minor, currency } = moneyOf(text, `${at}/${name}`);
    return [name, moneyText(minor, currency)];
  });
  return Object.fromEntries(entries) as Caps;
}
