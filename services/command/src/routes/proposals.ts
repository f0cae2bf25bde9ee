import { randomUUIDv7 } from "node:crypto";
import { operations, type Proposal } from "@countinghouse/contracts";
import {
  type AccountEvent,
  type AdjustmentApproved,
  type AdjustmentRejected,
  type Decision,
  type Judge,
  judgeAdjustment,
  judgeLimits,
  judgeTariff,
  type LimitsApproved,
  type LimitsRejected,
  type TariffApproved,
  type TariffEvent,
  type TariffRejected,
} from "@countinghouse/domain";
import type { Call, Handler } from "@countinghouse/service-kit";
import { NO_STREAM } from "../aggregates.ts";
import type { Command, Read } from "../command.ts";
import { accountOf, tariffOf } from "../domain-aggregates.ts";
import { commandOf, eventOf, FIRST_LEDGER } from "../prepare.ts";
import { tariffRead } from "../tariff-read.ts";
import type { RouteDeps } from "./deps.ts";
import { ABSENT } from "./on-account.ts";

type Handlers = { [Name in "approveProposal" | "rejectProposal"]: Handler<Name> };
type Judgement = typeof operations.approveProposal | typeof operations.rejectProposal;

/** Four eyes: what one person proposed, another one approves or rejects. */
export function proposalRoutes(deps: RouteDeps): Handlers {
  return {
    approveProposal: (call) => judge(call, operations.approveProposal, "approve", deps),
    rejectProposal: (call) => judge(call, operations.rejectProposal, "reject", deps),
  };
}

async function judge(
  call: Call<Judgement>,
  operation: Judgement,
  verdict: "approve" | "reject",
  deps: RouteDeps,
) {
  const { proposalId } = call.params;
  const decidedBy = call.principal.userId;
  const command = { when: deps.when(), proposalId, verdict, decidedBy };
  return deps.execute({
    ...commandOf(operation, call),
    ...(await judging({ ...command, transactionId: randomUUIDv7() }, deps)),
  });
}

type Judging = Judge & { readonly transactionId: string };

/** Decides on what the proposal is of: the account's limits or postings, or a ledger's tariff. */
async function judging(
  command: Judging,
  { ledgers, store }: RouteDeps,
): Promise<Pick<Command, "ledger" | "reads" | "decide">> {
  const home = await ledgers.find("account", command.proposalId);
  const found = home && (await store.findOrigin(home.ledger, command.proposalId));
  const judges = JUDGES[found?.event.type ?? ""];
  if (home === undefined || found === undefined || judges === undefined) {
    return { ledger: FIRST_LEDGER, reads: [], decide: () => ABSENT };
  }
  const { ledger } = home;
  const read =
    judges === tariffVerdict ? tariffRead(ledger) : { ...home, streamId: found.streamId };
  return {
    ledger,
    reads: [read],
    decide([stream = NO_STREAM]) {
      const decision = judges(command, stream.state, read);
      if (decision.kind === "refused") return decision;
      const { events, body } = decision.facts;
      return { kind: "accepted", status: 200, body, events: new Map([[0, events.map(eventOf)]]) };
    },
  };
}

interface Verdict {
  readonly events: readonly (AccountEvent | TariffEvent)[];
  readonly body: Proposal;
}
type Judges = (command: Judging, state: unknown, read: Read) => Decision<Verdict>;

const JUDGES: Readonly<Record<string, Judges>> = {
  LimitsProposed: limitsVerdict,
  AdjustmentProposed: adjustmentVerdict,
  TariffProposed: tariffVerdict,
};

function limitsVerdict(command: Judging, state: unknown, { streamId }: Read): Decision<Verdict> {
  const decision = judgeLimits(command, accountOf({ state }));
  if (decision.kind === "refused") return decision;
  const { data } = decision.facts;
  const body = decided(decision.facts, {
    accountId: streamId,
    kind: "limits",
    limits: data.limits,
  });
  return { ...decision, facts: { events: [decision.facts], body } };
}

function adjustmentVerdict(
  command: Judging,
  state: unknown,
  { streamId }: Read,
): Decision<Verdict> {
  const decision = judgeAdjustment(command, accountOf({ state }));
  if (decision.kind === "refused") return decision;
  const events = decision.facts;
  const step = events.find((event) => event.type.startsWith("Adjustment")) as
    | AdjustmentApproved
    | AdjustmentRejected;
  const { adjustment } = step.data;
  const body = decided(step, { accountId: streamId, kind: "adjustment", adjustment });
  return { ...decision, facts: { events, body } };
}

function tariffVerdict(command: Judging, state: unknown, { ledger }: Read): Decision<Verdict> {
  const decision = judgeTariff(command, tariffOf({ state }));
  if (decision.kind === "refused") return decision;
  const { tariff } = decision.facts.data;
  const body = decided(decision.facts, { ledger, kind: "tariff", tariff });
  return { ...decision, facts: { events: [decision.facts], body } };
}

type Decided =
  | LimitsApproved
  | LimitsRejected
  | AdjustmentApproved
  | AdjustmentRejected
  | TariffApproved
  | TariffRejected;

function decided(
  { type, data }: Decided,
  about: Pick<Proposal, "accountId" | "ledger" | "kind" | "limits" | "adjustment" | "tariff">,
): Proposal {
  const { proposalId, proposedBy, proposedAt, decidedBy, decidedAt } = data;
  const status = type.endsWith("Approved") ? "approved" : "rejected";
  return { proposalId, ...about, status, proposedBy, proposedAt, decidedBy, decidedAt };
}
