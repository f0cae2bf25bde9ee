import Type, { type Static } from "typebox";
import { Account } from "./accounts.ts";
import { Envelope } from "./envelope.ts";
import { strict } from "./primitives.ts";

/** A SHA-256 hash in base64. */
const Hash = Type.String({ pattern: "^[A-Za-z0-9+/]{43}=$" });
const Size = Type.Integer({ minimum: 1 });

/** That an event is in the log (RFC 6962, 2.1.1): hashes from the leaf's sibling upwards. */
export const InclusionProof = strict({
  leafIndex: Type.Integer({ minimum: 0 }),
  treeSize: Size,
  leafHash: Hash,
  rootHash: Hash,
  hashes: Type.Array(Hash),
});
export type InclusionProof = Static<typeof InclusionProof>;

/** That a log begins with an older state of itself (RFC 6962, 2.1.2). */
export const ConsistencyProof = strict({
  from: Size,
  to: Size,
  fromRoot: Hash,
  toRoot: Hash,
  hashes: Type.Array(Hash),
});
export type ConsistencyProof = Static<typeof ConsistencyProof>;

/** An account folded from its events anew, and these events. */
export const RefoldedAccount = strict({ account: Account, events: Type.Array(Envelope) });

/** What a customer keeps to prove a transaction without the bank; docs/AUDIT.md says how. */
export const Receipt = strict({
  format: Type.Literal("countinghouse-receipt/v1"),
  event: Envelope,
  /** A C2SP tlog-proof of the event, with the signed checkpoint in it. */
  proof: Type.String(),
  /** The C2SP verifier key that the checkpoint is signed with. */
  verifierKey: Type.String(),
});
export type Receipt = Static<typeof Receipt>;
