import Type from "typebox";
import {
  Account,
  Accounts,
  BalanceAt,
  DailyBalances,
  Statement,
  TRANSACTION_TYPES,
  Transaction,
  Transactions,
  TrialBalance,
} from "../schemas/accounts.ts";
import { Cursor, Day, Limit, Moment, Month, strict } from "../schemas/primitives.ts";
import type { Operation } from "./operation.ts";

const query = { service: "query", method: "GET", consistent: true } as const;
const readers = {
  own: ["customer"],
  any: ["teller", "auditor", "fraud_analyst", "admin"],
} as const;
const Decimal = Type.String({ pattern: "^(0|[1-9][0-9]{0,14})(\\.[0-9]{1,4})?$" });

export const queryOperations = {
  listAccounts: {
    ...query,
    tag: "Accounts",
    path: "/v1/accounts",
    access: readers,
    summary: "Accounts, the caller's own or for staff all",
    query: strict({ limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) }),
    answers: { 200: Accounts },
  },
  getAccount: {
    ...query,
    tag: "Accounts",
    path: "/v1/accounts/{accountId}",
    access: readers,
    summary: "One account",
    answers: { 200: Account },
    refusals: [404],
  },
  listTransactions: {
    ...query,
    tag: "Accounts",
    path: "/v1/accounts/{accountId}/transactions",
    access: readers,
    summary: "The history of an account, newest first",
    query: strict({
      from: Type.Optional(Moment),
      to: Type.Optional(Moment),
      type: Type.Optional(Type.Enum([...TRANSACTION_TYPES])),
      minAmount: Type.Optional(Decimal),
      maxAmount: Type.Optional(Decimal),
      q: Type.Optional(Type.String({ minLength: 1, maxLength: 140 })),
      limit: Type.Optional(Limit),
      cursor: Type.Optional(Cursor),
    }),
    answers: { 200: Transactions },
    refusals: [404],
  },
  /** Server-sent events; what is sent for one transaction is an item of listTransactions. */
  streamTransactions: {
    ...query,
    tag: "Accounts",
    path: "/v1/accounts/{accountId}/stream",
    access: readers,
    summary: "The transactions of an account as they happen, as server-sent events",
    answers: { 200: Transaction },
    mediaType: "text/event-stream",
    open: true,
    resumable: true,
    refusals: [404],
  },
  balanceAt: {
    ...query,
    tag: "Accounts",
    path: "/v1/accounts/{accountId}/balance",
    access: readers,
    summary: "The balance after the last posting at or before a moment",
    query: strict({ at: Moment }),
    answers: { 200: BalanceAt },
    refusals: [404],
  },
  dailyBalances: {
    ...query,
    tag: "Accounts",
    path: "/v1/accounts/{accountId}/daily-balances",
    access: readers,
    summary: "Closing balances of days, at most 366",
    query: strict({ from: Day, to: Day }),
    answers: { 200: DailyBalances },
    refusals: [404],
  },
  statement: {
    ...query,
    tag: "Accounts",
    path: "/v1/accounts/{accountId}/statements/{month}",
    params: { month: Month },
    access: readers,
    summary: "The statement of a month, as JSON, CSV, PDF or ISO 20022 camt.053",
    answers: { 200: Statement },
    otherMediaTypes: ["text/csv", "application/pdf", "application/xml"],
    refusals: [404],
  },
  trialBalance: {
    ...query,
    tag: "Ledger",
    path: "/v1/ledger/trial-balance",
    access: { any: ["auditor", "admin"] },
    summary: "Debits and credits of the general ledger at a moment",
    query: strict({ at: Type.Optional(Moment) }),
    answers: { 200: TrialBalance },
  },
} as const satisfies Record<string, Operation>;
