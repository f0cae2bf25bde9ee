import Type from "typebox";
import { Moment, MoneyShown, Uuid } from "../schemas/primitives.ts";

/*
 * What the events of the log say, one schema for each version of each type. What was released stays
 * as it is but for new optional members and better words: packages/contracts/schemas holds it.
 * Objects are open, so that a reader of today takes the optional member of tomorrow.
 */

const posting = {
  transactionId: Uuid,
  amount: MoneyShown,
  balanceAfter: MoneyShown,
};
const reference = Type.Optional(Type.String({ description: "What the customer wrote." }));
/** A day of the bank, in its time zone. */
const Day = Type.String({ pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", examples: ["2026-11-24"] });
const Month = Type.String({ pattern: "^[0-9]{4}-[0-9]{2}$", examples: ["2026-11"] });
/** In which it counts against limits; events of before there were limits have none. */
const day = Type.Optional(Day);
const credit = { ...posting, direction: Type.Literal("credit") };
const debit = { ...posting, direction: Type.Literal("debit") };
const transfer = {
  transferId: Uuid,
  fromAccountId: Uuid,
  toAccountId: Uuid,
  counterpartyAccountId: Uuid,
};
const reversal = { ...transfer, reversesTransferId: Uuid, reason: Type.String() };

export const AccountOpenedV1 = Type.Object({
  ownerId: Uuid,
  accountType: Type.Enum(["checking", "savings"]),
  currency: Type.String({ pattern: "^[A-Z]{3}$", examples: ["EUR"] }),
  name: Type.Optional(Type.String()),
});
export const MoneyDepositedV1 = Type.Object({ ...credit, reference });
export const MoneyWithdrawnV1 = Type.Object({ ...debit, reference, day });
export const TransferSentV1 = Type.Object({ ...debit, ...transfer, reference, day });
export const TransferReceivedV1 = Type.Object({ ...credit, ...transfer, reference });
export const ReversalSentV1 = Type.Object({ ...debit, ...reversal });
export const ReversalReceivedV1 = Type.Object({ ...credit, ...reversal });
export const AccountFrozenV1 = Type.Object({ reason: Type.String() });
export const AccountUnfrozenV1 = Type.Object({ reason: Type.String() });
export const AccountClosedV1 = Type.Object({});
export const TransferReversedV1 = Type.Object({
  transferId: Uuid,
  reversalId: Uuid,
  fromAccountId: Uuid,
  toAccountId: Uuid,
  amount: MoneyShown,
  reason: Type.String(),
});

const freed = {
  holdId: Uuid,
  freed: MoneyShown,
  heldAfter: MoneyShown,
  placedOn: Day,
};

export const HoldPlacedV1 = Type.Object({
  holdId: Uuid,
  amount: MoneyShown,
  heldAfter: MoneyShown,
  day: Day,
  expiresAt: Type.Optional(Moment),
  reference,
  cardId: Type.Optional(Uuid),
  merchant: Type.Optional(Type.String()),
});
export const HoldCapturedV1 = Type.Object({
  ...debit,
  ...freed,
  captured: MoneyShown,
  remaining: MoneyShown,
  transferId: Type.Optional(Uuid),
  counterpartyAccountId: Type.Optional(Uuid),
  reference,
});
export const CaptureReceivedV1 = Type.Object({
  ...credit,
  holdId: Uuid,
  transferId: Uuid,
  counterpartyAccountId: Uuid,
  reference,
});
export const HoldReleasedV1 = Type.Object(freed);
export const HoldExpiredV1 = Type.Object({ ...freed, expiredAt: Moment });

const caps = {
  perTransaction: Type.Optional(MoneyShown),
  dailyOutgoing: Type.Optional(MoneyShown),
  monthlyOutgoing: Type.Optional(MoneyShown),
};
const proposed = {
  proposalId: Uuid,
  limits: Type.Object({
    ...caps,
    overdraft: Type.Optional(MoneyShown),
    channels: Type.Optional(
      Type.Object({
        transfer: Type.Optional(Type.Object(caps)),
        withdrawal: Type.Optional(Type.Object(caps)),
        card: Type.Optional(Type.Object(caps)),
      }),
    ),
  }),
  proposedBy: Uuid,
  proposedAt: Moment,
};
const decided = { ...proposed, decidedBy: Uuid, decidedAt: Moment };

export const LimitsProposedV1 = Type.Object(proposed);
export const LimitsApprovedV1 = Type.Object(decided);
export const LimitsRejectedV1 = Type.Object(decided);

const proposing = { proposalId: Uuid, proposedBy: Uuid, proposedAt: Moment };
const deciding = { ...proposing, decidedBy: Uuid, decidedAt: Moment };
const direction = Type.Enum(["credit", "debit"]);
const corrects = Type.Object(
  { version: Type.Integer({ minimum: 1 }), transactionId: Uuid },
  { description: "The posting of this account that was wrong." },
);
const adjustment = Type.Object({
  direction,
  amount: MoneyShown,
  reason: Type.String(),
  reference,
  corrects,
});
export const AdjustmentProposedV1 = Type.Object({ ...proposing, adjustment });
export const AdjustmentApprovedV1 = Type.Object({ ...deciding, adjustment });
export const AdjustmentRejectedV1 = Type.Object({ ...deciding, adjustment });
export const MoneyAdjustedV1 = Type.Object({
  ...posting,
  direction,
  proposalId: Uuid,
  reason: Type.String(),
  corrects,
  reference,
});

const on = Type.Enum(["deposit", "withdrawal", "transfer"], { "x-extensible": true });
const tariff = Type.Object({
  fees: Type.Array(
    Type.Object({
      on,
      currency: Type.String({ pattern: "^[A-Z]{3}$", examples: ["EUR"] }),
      fixed: Type.Optional(MoneyShown),
      basisPoints: Type.Optional(Type.Integer({ minimum: 0 })),
      min: Type.Optional(MoneyShown),
      max: Type.Optional(MoneyShown),
    }),
  ),
  interest: Type.Optional(
    Type.Array(
      Type.Object({
        currency: Type.String({ pattern: "^[A-Z]{3}$", examples: ["EUR"] }),
        basisPoints: Type.Integer({
          minimum: 0,
          description: "What savings earn a year, in hundredths of a percent.",
        }),
      }),
    ),
  ),
});
export const TariffProposedV1 = Type.Object({ ...proposing, tariff });
export const TariffApprovedV1 = Type.Object({ ...deciding, tariff, day: Day });
export const TariffRejectedV1 = Type.Object({ ...deciding, tariff });
export const InterestMonthClosedV1 = Type.Object({ month: Month });

const fractions = (description: string) => {
  return Type.String({ pattern: "^-?(0|[1-9][0-9]*)$", description });
};
export const InterestAccruedV1 = Type.Object({
  month: Month,
  periods: Type.Array(
    Type.Object({
      from: Day,
      through: Day,
      balance: MoneyShown,
      basisPoints: Type.Integer({ minimum: 0 }),
    }),
    { description: "Days with one balance at their end and one rate." },
  ),
  accrued: fractions("Sum of balance, times basis points, of each day; in 1/3650000 minor units."),
  carriedIn: fractions("What the month before left, in the same unit."),
  carriedOut: fractions("What this month leaves, in the same unit."),
  throughVersion: Type.Integer({ minimum: 0 }),
  closing: MoneyShown,
});
export const InterestPostedV1 = Type.Object({ ...credit, month: Month });
export const FeeChargedV1 = Type.Object({ ...debit, chargedFor: Uuid, on });

export const CardRegisteredV1 = Type.Object({
  cardId: Uuid,
  last4: Type.String({ pattern: "^[0-9]{4}$" }),
  brand: Type.String(),
  expiry: Type.String({ pattern: "^[0-9]{4}-(0[1-9]|1[0-2])$", examples: ["2029-11"] }),
});
const cardStep = { cardId: Uuid };
export const CardActivatedV1 = Type.Object(cardStep);
export const CardFrozenV1 = Type.Object(cardStep);
export const CardUnfrozenV1 = Type.Object(cardStep);
export const CardCancelledV1 = Type.Object(cardStep);
export const TransferScheduledV1 = Type.Object({
  ownerId: Uuid,
  fromAccountId: Uuid,
  toAccountId: Uuid,
  amount: MoneyShown,
  reference,
  firstOn: Day,
  every: Type.Optional(Type.Enum(["day", "week", "month"])),
  count: Type.Optional(Type.Integer({ minimum: 1 })),
});
export const ScheduledTransferMadeV1 = Type.Object({ on: Day, transferId: Uuid });
export const ScheduledTransferRefusedV1 = Type.Object({ on: Day, code: Type.String() });
export const ScheduleFinishedV1 = Type.Object({});
export const ScheduleCancelledV1 = Type.Object({});
