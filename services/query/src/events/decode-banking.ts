import { EVENTS, type EventData } from "@countinghouse/contracts";
import type {
  Capture,
  CardStep,
  Fact,
  Freeing,
  HoldEnded,
  HoldPlaced,
  ProposalFact,
} from "./account-event.ts";
import { reader, readMoney } from "./reading.ts";

/** What the events of holds, limits and cards say, by their types; captures are postings. */
export const BANKING_READERS: Readonly<Record<string, (data: object) => Fact>> = {
  HoldPlaced: reader(EVENTS.HoldPlaced.versions[0], placedOf),
  HoldReleased: reader(EVENTS.HoldReleased.versions[0], (data) => endedOf("released", data)),
  HoldExpired: reader(EVENTS.HoldExpired.versions[0], (data) => endedOf("expired", data)),
  LimitsProposed: reader(EVENTS.LimitsProposed.versions[0], (data) => limitsOf("open", data)),
  AdjustmentProposed: reader(EVENTS.AdjustmentProposed.versions[0], (data) =>
    adjustmentOf("open", data),
  ),
  LimitsApproved: reader(EVENTS.LimitsApproved.versions[0], (data) => limitsOf("approved", data)),
  AdjustmentApproved: reader(EVENTS.AdjustmentApproved.versions[0], (data) =>
    adjustmentOf("approved", data),
  ),
  LimitsRejected: reader(EVENTS.LimitsRejected.versions[0], (data) => limitsOf("rejected", data)),
  AdjustmentRejected: reader(EVENTS.AdjustmentRejected.versions[0], (data) =>
    adjustmentOf("rejected", data),
  ),
  CardRegistered: reader(EVENTS.CardRegistered.versions[0], ({ cardId, last4, brand, expiry }) => {
    return { kind: "card_registered", cardId, last4, brand, expiry };
  }),
  CardActivated: reader(EVENTS.CardActivated.versions[0], becomes("active")),
  CardFrozen: reader(EVENTS.CardFrozen.versions[0], becomes("frozen")),
  CardUnfrozen: reader(EVENTS.CardUnfrozen.versions[0], becomes("active")),
  CardCancelled: reader(EVENTS.CardCancelled.versions[0], becomes("cancelled")),
};

/** What a capture leaves of its hold. */
export function captureOf(data: EventData<"HoldCaptured">): Capture {
  return {
    ...freeingOf(data),
    holdId: data.holdId,
    capturedMinor: readMoney(data.captured),
    remainingMinor: readMoney(data.remaining),
  };
}

function placedOf(data: EventData<"HoldPlaced">): HoldPlaced {
  return {
    kind: "hold_placed",
    holdId: data.holdId,
    amountMinor: readMoney(data.amount),
    heldAfterMinor: readMoney(data.heldAfter),
    day: data.day,
    expiresAt: data.expiresAt ?? null,
    cardId: data.cardId ?? null,
    reference: data.reference ?? data.merchant ?? null,
  };
}

function endedOf(status: HoldEnded["status"], data: EventData<"HoldReleased">): HoldEnded {
  return { kind: "hold_ended", holdId: data.holdId, status, ...freeingOf(data) };
}

function freeingOf(data: EventData<"HoldReleased">): Freeing {
  const { heldAfter, freed, placedOn } = data;
  return { heldAfterMinor: readMoney(heldAfter), freedMinor: readMoney(freed), placedOn };
}

type Status = ProposalFact["status"];

function limitsOf(
  status: Status,
  data: EventData<"LimitsProposed"> & Partial<EventData<"LimitsApproved">>,
): ProposalFact {
  const { limits } = data;
  const overdraft = limits.overdraft === undefined ? 0n : readMoney(limits.overdraft);
  return { of: "limits", details: JSON.stringify(limits), ...stepOf(status, overdraft, data) };
}

function adjustmentOf(
  status: Status,
  data: EventData<"AdjustmentProposed"> & Partial<EventData<"AdjustmentApproved">>,
): ProposalFact {
  const details = JSON.stringify(data.adjustment);
  return { of: "adjustment", details, ...stepOf(status, 0n, data) };
}

interface Step {
  readonly proposalId: string;
  readonly proposedBy: string;
  readonly proposedAt: string;
  readonly decidedBy?: string;
  readonly decidedAt?: string;
}

function stepOf(status: Status, overdraftMinor: bigint, data: Step) {
  const { proposalId, proposedBy, proposedAt, decidedBy = null, decidedAt = null } = data;
  const by = { proposedBy, proposedAt, decidedBy, decidedAt };
  return { kind: "proposal", status, proposalId, overdraftMinor, ...by } as const;
}

function becomes(status: CardStep["status"]) {
  return ({ cardId }: EventData<"CardActivated">): CardStep => ({ kind: "card", cardId, status });
}
