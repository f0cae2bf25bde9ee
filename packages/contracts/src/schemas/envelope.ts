import Type, { type Static } from "typebox";
import { ROLES } from "../roles.ts";
import { Moment, MoneyShown, strict, Uuid, Version } from "./primitives.ts";

/** Who caused an event: a user with the roles of that moment. Readers take roles to come, too. */
export const Actor = strict({
  userId: Uuid,
  roles: Type.Array(Type.Enum([...ROLES], { "x-extensible": true })),
});
export type Actor = Static<typeof Actor>;

export const EventMeta = strict({
  ledger: Type.Integer({ minimum: 1 }),
  actor: Actor,
  correlationId: Type.String(),
  causationId: Type.Optional(Type.String()),
  traceparent: Type.Optional(Type.String()),
});
export type EventMeta = Static<typeof EventMeta>;

/** What every posting carries, whatever its type. */
export const PostingData = Type.Object({
  transactionId: Uuid,
  amount: MoneyShown,
  direction: Type.Enum(["credit", "debit"]),
  balanceAfter: MoneyShown,
  counterpartyAccountId: Type.Optional(Uuid),
  transferId: Type.Optional(Uuid),
  reference: Type.Optional(Type.String()),
});

/** One event of the log, as `/v1/events` shows it and as the Merkle leaf hashes it. */
export const Envelope = strict({
  position: Type.Integer({ minimum: 1 }),
  eventId: Uuid,
  streamId: Uuid,
  version: Version,
  type: Type.String({ pattern: "^[A-Za-z][A-Za-z0-9_.-]*$" }),
  schemaVersion: Type.Integer({ minimum: 1 }),
  data: Type.Object({}, { additionalProperties: true }),
  meta: EventMeta,
  recordedAt: Moment,
});
export type Envelope = Static<typeof Envelope>;
