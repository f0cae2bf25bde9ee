import Type from "typebox";
import { ConsistencyProof, InclusionProof, Receipt, RefoldedAccount } from "../schemas/audit.ts";
import { strict } from "../schemas/primitives.ts";
import type { Operation } from "./operation.ts";

const audit = { service: "audit", tag: "Audit", method: "GET" } as const;
const auditors = { any: ["auditor", "admin"] } as const;
const ledger = Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647, default: 1 }));
const Count = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
/** A moment or a version; which of them, and whether it is one, the service looks at. */
const At = Type.String({
  minLength: 1,
  maxLength: 40,
  examples: ["2026-11-24T12:00:00.000Z", "3"],
});

export const auditOperations = {
  auditCheckpoint: {
    ...audit,
    path: "/v1/audit/checkpoint",
    access: "public",
    summary: "The newest signed checkpoint of a ledger (C2SP tlog-checkpoint)",
    query: strict({ ledger }),
    answers: { 200: Type.String() },
    mediaType: "text/plain",
    refusals: [404],
  },
  auditKey: {
    ...audit,
    path: "/v1/audit/key",
    access: "public",
    summary: "The key that checkpoints of a ledger are verified with (C2SP signed-note)",
    query: strict({ ledger }),
    answers: { 200: Type.String() },
    mediaType: "text/plain",
    refusals: [404],
  },
  proveInclusion: {
    ...audit,
    path: "/v1/audit/proofs/inclusion",
    access: auditors,
    summary: "That an event is in the log; as text/plain a C2SP tlog-proof",
    query: strict({ position: Count, treeSize: Type.Optional(Count), ledger }),
    answers: { 200: InclusionProof },
    otherMediaTypes: ["text/plain"],
    refusals: [404],
  },
  proveConsistency: {
    ...audit,
    path: "/v1/audit/proofs/consistency",
    access: auditors,
    summary: "That the log of one size is the beginning of that of another",
    query: strict({ from: Count, to: Count, ledger }),
    answers: { 200: ConsistencyProof },
    refusals: [404],
  },
  readTile: {
    ...audit,
    path: "/v1/audit/tile/{+tile}",
    access: auditors,
    summary: "A tile of hashes or a bundle of entries (C2SP tlog-tiles)",
    query: strict({ ledger }),
    answers: { 200: Type.Unsafe<Buffer>({}) },
    mediaType: "application/octet-stream",
    refusals: [404],
  },
  refoldAccount: {
    ...audit,
    path: "/v1/audit/accounts/{accountId}",
    access: auditors,
    summary: "An account folded from the log anew, at a moment or version, and its events",
    query: strict({ at: Type.Optional(At), ledger }),
    answers: { 200: RefoldedAccount },
    refusals: [404],
  },
  receipt: {
    ...audit,
    tag: "Accounts",
    path: "/v1/accounts/{accountId}/transactions/{transactionId}/receipt",
    access: { own: ["customer"], any: ["teller", "auditor", "fraud_analyst", "admin"] },
    summary: "A proof of one transaction that can be checked without the bank",
    answers: { 200: Receipt },
    refusals: [404],
  },
} as const satisfies Record<string, Operation>;
