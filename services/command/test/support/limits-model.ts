/** Limits, what has gone out, and cards, as the events of an account say; money in cents. */
export interface Spending {
  readonly perTransaction: number;
  readonly daily: number;
  readonly cardDaily: number;
  readonly out: number;
  readonly outByCard: number;
  readonly proposals: ReadonlySet<string>;
  readonly cards: ReadonlyMap<string, string>;
  /** Holds that are a card's. */
  readonly byCard: ReadonlySet<string>;
}

export const NOTHING_SPENT: Spending = {
  ...{ perTransaction: Infinity, daily: Infinity, cardDaily: Infinity, out: 0, outByCard: 0 },
  ...{ proposals: new Set(), cards: new Map(), byCard: new Set() },
};

type Money = { readonly value: string };

/** What of an event's data this looks at. */
export interface SpendingData {
  readonly amount?: Money;
  readonly freed?: Money;
  readonly holdId?: string;
  readonly cardId?: string;
  readonly proposalId?: string;
  readonly limits?: {
    readonly perTransaction?: Money;
    readonly dailyOutgoing?: Money;
    readonly channels?: { readonly card?: { readonly dailyOutgoing?: Money } };
  };
}

export function centsOf(money: Money | undefined): number {
  return Number((money?.value ?? "0").replace(".", ""));
}

const capOf = (money: Money | undefined) => (money === undefined ? Infinity : centsOf(money));
const OUTGOING = ["MoneyWithdrawn", "TransferSent", "HoldPlaced"];
const CARD_STEPS = ["Registered", "Activated", "Frozen", "Unfrozen", "Cancelled"];

/** All orders of a run are of one day. */
export function spendingAfter(before: Spending, type: string, data: SpendingData): Spending {
  const { holdId = "", cardId = "", proposalId = "", limits } = data;
  if (OUTGOING.includes(type)) {
    const isCard = data.cardId !== undefined;
    const byCard = isCard ? new Set([...before.byCard, holdId]) : before.byCard;
    return out({ ...before, byCard }, centsOf(data.amount), isCard);
  }
  if (data.freed !== undefined) return out(before, -centsOf(data.freed), before.byCard.has(holdId));
  if (CARD_STEPS.some((step) => type === `Card${step}`)) {
    return { ...before, cards: new Map([...before.cards, [cardId, type]]) };
  }
  if (type === "LimitsProposed") {
    return { ...before, proposals: new Set([...before.proposals, proposalId]) };
  }
  if (type !== "LimitsApproved" && type !== "LimitsRejected") return before;
  const proposals = new Set([...before.proposals].filter((id) => id !== proposalId));
  if (type === "LimitsRejected") return { ...before, proposals };
  const perTransaction = capOf(limits?.perTransaction);
  const daily = capOf(limits?.dailyOutgoing);
  const cardDaily = capOf(limits?.channels?.card?.dailyOutgoing);
  return { ...before, proposals, perTransaction, daily, cardDaily };
}

function out(before: Spending, cents: number, isCard: boolean): Spending {
  const outByCard = before.outByCard + (isCard ? cents : 0);
  return { ...before, out: before.out + cents, outByCard };
}

/** Whether an amount is within all limits, with what has gone out before it. */
export function isWithin(spending: Spending, cents: number, isCard: boolean): boolean {
  const { perTransaction, daily, cardDaily } = spending;
  const isCardFine = !isCard || spending.outByCard + cents <= cardDaily;
  return cents <= perTransaction && spending.out + cents <= daily && isCardFine;
}

/** Whether an event that took money out went beyond a limit that was in force. */
export function exceeds(before: Spending, type: string, data: SpendingData): boolean {
  if (!OUTGOING.includes(type)) return false;
  return !isWithin(before, centsOf(data.amount), data.cardId !== undefined);
}

/** Why a card does not pay, or does not take a step; undefined where it does. */
export function cardRefusal(status: string | undefined, kind: string): string | undefined {
  const isActive = status === "CardActivated" || status === "CardUnfrozen";
  if (kind === "freezeCard") return isActive ? undefined : "illegal_transition";
  if (kind === "unfreezeCard") return status === "CardFrozen" ? undefined : "illegal_transition";
  return isActive ? undefined : "card_frozen";
}
