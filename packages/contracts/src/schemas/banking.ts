import Type, { type Static } from "typebox";
import {
  AmountToMove,
  Ledger,
  Moment,
  MoneyShown,
  page,
  Reason,
  Reference,
  strict,
  text,
  Uuid,
  Version,
} from "./primitives.ts";

const balances = { balance: MoneyShown, available: MoneyShown };

export const HoldRequest = strict({
  amount: AmountToMove,
  reference: Type.Optional(Reference),
  expiresAt: Type.Optional(Moment),
});
export const HoldMade = strict({
  holdId: Uuid,
  accountId: Uuid,
  version: Version,
  ...balances,
});
export const CaptureRequest = strict({
  amount: Type.Optional(AmountToMove),
  toAccountId: Type.Optional(Uuid),
  final: Type.Optional(Type.Boolean()),
});
export const Captured = strict({
  transactionId: Uuid,
  holdId: Uuid,
  remaining: MoneyShown,
  accountId: Uuid,
  version: Version,
  ...balances,
});
export const HOLD_STATUSES = ["active", "captured", "released", "expired"] as const;
export const Hold = strict({
  holdId: Uuid,
  accountId: Uuid,
  amount: MoneyShown,
  captured: MoneyShown,
  remaining: MoneyShown,
  status: Type.Enum([...HOLD_STATUSES]),
  expiresAt: Type.Optional(Moment),
  cardId: Type.Optional(Uuid),
  reference: Type.Optional(Type.String()),
});
export type Hold = Static<typeof Hold>;
export const Holds = page(Hold);

const capsOf = <T extends typeof AmountToMove | typeof MoneyShown>(money: T) => ({
  perTransaction: Type.Optional(money),
  dailyOutgoing: Type.Optional(money),
  monthlyOutgoing: Type.Optional(money),
});
const limitsOf = <T extends typeof AmountToMove | typeof MoneyShown>(money: T) => ({
  ...capsOf(money),
  overdraft: Type.Optional(money),
  channels: Type.Optional(
    strict({
      transfer: Type.Optional(strict(capsOf(money))),
      withdrawal: Type.Optional(strict(capsOf(money))),
      card: Type.Optional(strict(capsOf(money))),
    }),
  ),
});

/** The whole set: what is absent is no limit. `channels` are limits on one way of paying alone. */
export const LimitsRequest = strict(limitsOf(AmountToMove));
export type LimitsRequest = Static<typeof LimitsRequest>;
export const LimitsShown = strict({
  ...limitsOf(MoneyShown),
  usedToday: MoneyShown,
  usedThisMonth: MoneyShown,
  timeZone: Type.String({ examples: ["Europe/Berlin"] }),
});
export type LimitsShown = Static<typeof LimitsShown>;
export const ProposalMade = strict({ proposalId: Uuid });
export const PROPOSAL_STATUSES = ["open", "approved", "rejected"] as const;

/** A correction of a posting of the account, which its version there tells from the others. */
export const AdjustmentRequest = strict({
  direction: Type.Enum(["credit", "debit"]),
  amount: AmountToMove,
  reason: Reason,
  reference: Type.Optional(Reference),
  corrects: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
});
const AdjustmentShown = strict({
  direction: Type.Enum(["credit", "debit"]),
  amount: MoneyShown,
  reason: Type.String(),
  reference: Type.Optional(Type.String()),
  corrects: strict({ version: Version, transactionId: Uuid }),
});

const feeOf = <T extends typeof AmountToMove | typeof MoneyShown>(money: T) => ({
  on: Type.Enum(["deposit", "withdrawal", "transfer"]),
  currency: Type.String({ pattern: "^[A-Z]{3}$", examples: ["EUR"] }),
  fixed: Type.Optional(money),
  basisPoints: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
  min: Type.Optional(money),
  max: Type.Optional(money),
});
/** What savings earn a year, in hundredths of a percent; see docs/ARCHITECTURE.md for the days. */
const InterestRate = strict({
  currency: Type.String({ pattern: "^[A-Z]{3}$", examples: ["EUR"] }),
  basisPoints: Type.Integer({ minimum: 0, maximum: 10_000 }),
});
/** How many rules a table of fees may have, and how many rates. */
export const FEES_MAX = 200;
const tariffOf = <T extends typeof AmountToMove | typeof MoneyShown>(money: T) => ({
  fees: Type.Array(strict(feeOf(money)), { maxItems: FEES_MAX }),
  interest: Type.Optional(Type.Array(InterestRate, { maxItems: FEES_MAX })),
});

/** The whole table: what is not in it costs and earns nothing. */
export const TariffRequest = strict({
  ledger: Type.Optional(Ledger),
  ...tariffOf(AmountToMove),
});
export type TariffRequest = Static<typeof TariffRequest>;
export const TariffShown = strict({
  ledger: Ledger,
  ...tariffOf(MoneyShown),
});

/** `kind` says which of `limits`, `adjustment` and `tariff` is there; a tariff is no account's. */
export const Proposal = strict({
  proposalId: Uuid,
  accountId: Type.Optional(Uuid),
  ledger: Type.Optional(Ledger),
  kind: Type.Enum(["limits", "adjustment", "tariff"]),
  limits: Type.Optional(strict(limitsOf(MoneyShown))),
  adjustment: Type.Optional(AdjustmentShown),
  tariff: Type.Optional(strict(tariffOf(MoneyShown))),
  status: Type.Enum([...PROPOSAL_STATUSES]),
  proposedBy: Uuid,
  proposedAt: Moment,
  decidedBy: Type.Optional(Uuid),
  decidedAt: Type.Optional(Moment),
});
export type Proposal = Static<typeof Proposal>;
export const Proposals = page(Proposal);

const Expiry = Type.String({ pattern: "^[0-9]{4}-(0[1-9]|1[0-2])$", examples: ["2029-11"] });

/** The number is looked at and let go of. A security code or a PIN is never taken. */
export const CardRequest = strict({
  cardNumber: Type.String({
    pattern: "^[0-9]{12,19}$",
    writeOnly: true,
    examples: ["4242424242424242"],
  }),
  expiry: Expiry,
  holderName: text(100),
});
export const Card = strict({
  cardId: Uuid,
  accountId: Uuid,
  last4: Type.String({ pattern: "^[0-9]{4}$" }),
  brand: Type.String({ examples: ["visa"] }),
  expiry: Expiry,
  status: Type.Enum(["inactive", "active", "frozen", "cancelled"]),
  /** Of the account, after the card's last change. */
  version: Version,
});
export type Card = Static<typeof Card>;
export const Cards = page(Card);
export const AuthorizationRequest = strict({ amount: AmountToMove, merchant: text(100) });
