import {
  Opened,
  Opening,
  Posted,
  PostingRequest,
  ReasonGiven,
  StatusChanged,
  TransferRequest,
  Transferred,
} from "../schemas/accounts.ts";
import type { Operation } from "./operation.ts";

const command = {
  service: "command",
  method: "POST",
  command: true,
  refusals: [404, 422],
} as const;
const servesCustomers = { own: ["customer"], any: ["teller"] } as const;
const freezes = { any: ["teller", "fraud_analyst", "admin"] } as const;

export const commandOperations = {
  openAccount: {
    ...command,
    tag: "Accounts",
    path: "/v1/accounts",
    access: servesCustomers,
    summary: "Open an account",
    body: Opening,
    answers: { 201: Opened },
  },
  deposit: {
    ...command,
    tag: "Accounts",
    path: "/v1/accounts/{accountId}/deposits",
    access: servesCustomers,
    summary: "Pay money in",
    body: PostingRequest,
    answers: { 201: Posted },
  },
  withdraw: {
    ...command,
    tag: "Accounts",
    path: "/v1/accounts/{accountId}/withdrawals",
    access: servesCustomers,
    summary: "Pay money out",
    body: PostingRequest,
    answers: { 201: Posted },
  },
  freezeAccount: {
    ...command,
    tag: "Accounts",
    path: "/v1/accounts/{accountId}/freeze",
    access: freezes,
    summary: "Freeze an account: it takes credits and refuses debits",
    body: ReasonGiven,
    answers: { 200: StatusChanged },
  },
  unfreezeAccount: {
    ...command,
    tag: "Accounts",
    path: "/v1/accounts/{accountId}/unfreeze",
    access: freezes,
    summary: "Lift the freeze of an account",
    body: ReasonGiven,
    answers: { 200: StatusChanged },
  },
  closeAccount: {
    ...command,
    tag: "Accounts",
    path: "/v1/accounts/{accountId}/close",
    access: { own: ["customer"], any: ["teller", "admin"] },
    summary: "Close an empty account for good",
    answers: { 200: StatusChanged },
  },
  transfer: {
    ...command,
    tag: "Transfers",
    path: "/v1/transfers",
    access: servesCustomers,
    summary: "Move money between two accounts",
    body: TransferRequest,
    answers: { 201: Transferred },
  },
  reverseTransfer: {
    ...command,
    tag: "Transfers",
    path: "/v1/transfers/{transferId}/reversal",
    access: { any: ["teller", "admin"] },
    summary: "Give the money of a transfer back, once",
    body: ReasonGiven,
    answers: { 201: Transferred },
  },
} as const satisfies Record<string, Operation>;
