import Type, { type Static } from "typebox";
import {
  AmountToMove,
  Day,
  Moment,
  MoneyShown,
  Month,
  Name,
  page,
  Reason,
  Reference,
  strict,
  Uuid,
  Version,
} from "./primitives.ts";

const AccountType = Type.Enum(["checking", "savings"]);
const AccountStatus = Type.Enum(["open", "frozen", "closed"]);

export const Opening = strict({
  type: AccountType,
  currency: Type.String({ pattern: "^[A-Z]{3}$", examples: ["EUR"] }),
  name: Type.Optional(Name),
  ownerId: Type.Optional(Uuid),
  ledger: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647 })),
});
export const Opened = strict({ accountId: Uuid, version: Version });
export const PostingRequest = strict({
  amount: AmountToMove,
  reference: Type.Optional(Reference),
});
export const Posted = strict({
  transactionId: Uuid,
  accountId: Uuid,
  version: Version,
  balance: MoneyShown,
  available: MoneyShown,
});
export const TransferRequest = strict({
  fromAccountId: Uuid,
  toAccountId: Uuid,
  amount: AmountToMove,
  reference: Type.Optional(Reference),
});
export const Transferred = strict({
  transferId: Uuid,
  from: strict({
    accountId: Uuid,
    version: Version,
    balance: MoneyShown,
    available: MoneyShown,
  }),
  to: strict({ accountId: Uuid, version: Version }),
});
/** How many transfers one batch may have. */
export const BATCH_TRANSFERS_MAX = 1_000;

export const BatchRequest = strict({
  mode: Type.Enum(["atomic", "independent"]),
  transfers: Type.Array(TransferRequest, { minItems: 1, maxItems: BATCH_TRANSFERS_MAX }),
});
export const BatchResults = strict({
  results: Type.Array(
    strict({
      status: Type.Enum(["done", "refused", "not_executed"]),
      transferId: Type.Optional(Uuid),
      code: Type.Optional(Type.String()),
    }),
  ),
});
export const ReasonGiven = strict({ reason: Reason });
export const StatusChanged = strict({ accountId: Uuid, version: Version, status: AccountStatus });

export const Account = strict({
  accountId: Uuid,
  ownerId: Uuid,
  type: AccountType,
  name: Type.Union([Type.String(), Type.Null()]),
  currency: Type.String(),
  status: AccountStatus,
  balance: MoneyShown,
  available: MoneyShown,
  version: Version,
  openedAt: Moment,
  updatedAt: Moment,
});
export type Account = Static<typeof Account>;
export const Accounts = page(Account);

export const TRANSACTION_TYPES = [
  "deposit",
  "withdrawal",
  "transfer",
  "reversal",
  "capture",
  "fee",
  "interest",
  "adjustment",
] as const;

export const Transaction = strict({
  transactionId: Uuid,
  version: Version,
  type: Type.Enum([...TRANSACTION_TYPES]),
  direction: Type.Enum(["credit", "debit"]),
  amount: MoneyShown,
  balanceAfter: MoneyShown,
  counterpartyAccountId: Type.Optional(Uuid),
  transferId: Type.Optional(Uuid),
  reference: Type.Optional(Type.String()),
  occurredAt: Moment,
});
export type Transaction = Static<typeof Transaction>;
export const Transactions = page(Transaction);

export const BalanceAt = strict({ balance: MoneyShown, at: Moment, version: Version });
export const DailyBalances = page(strict({ date: Day, closing: MoneyShown }));
/** The postings of a month, oldest first; what is closed never changes. */
export const Statement = strict({
  accountId: Uuid,
  month: Month,
  closed: Type.Boolean(),
  openingBalance: MoneyShown,
  closingBalance: MoneyShown,
  credits: MoneyShown,
  debits: MoneyShown,
  entries: Type.Array(Transaction),
});
export type Statement = Static<typeof Statement>;
export const TrialBalance = strict({
  at: Moment,
  items: Type.Array(
    strict({
      glAccount: Type.String(),
      currency: Type.String(),
      debits: MoneyShown,
      credits: MoneyShown,
    }),
  ),
});
