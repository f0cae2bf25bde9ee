import Type from "typebox";
import { ROLES } from "../roles.ts";
import { Otp } from "../schemas/identity.ts";
import { strict, Uuid, Version } from "../schemas/primitives.ts";
import type { Operation } from "./operation.ts";

const auth = { service: "auth", tag: "Internal" } as const;

/** A key that checks access tokens; of a pair of keys the public one. */
const VerificationKey = strict({
  kid: Type.String(),
  algorithm: Type.Enum(["HS256", "ES256", "EdDSA"]),
  /** In base64url: the secret of HS256, else the public key (SPKI, DER). */
  key: Type.String(),
  /** When its last token is over, in seconds since 1970; absent while it may sign. */
  untilSeconds: Type.Optional(Type.Number()),
});

/** What services ask each other; never routed by the gateway. */
export const internalOperations = {
  /** Is this session alive, and what may its user do? 404 when it has ended or the user is out. */
  checkSession: {
    ...auth,
    method: "GET",
    path: "/internal/sessions/{sessionId}",
    access: { services: ["gateway"] },
    summary: "A live session and its user's roles",
    answers: { 200: strict({ userId: Uuid, roles: Type.Array(Type.Enum([...ROLES])) }) },
    refusals: [404],
  },
  /** What access tokens are to be checked with now, by a gateway that follows nobody. */
  userTokenKeys: {
    ...auth,
    method: "GET",
    path: "/internal/user-token-keys",
    access: { services: ["gateway"] },
    summary: "The keys that check access tokens",
    answers: { 200: strict({ keys: Type.Array(VerificationKey) }) },
  },
  /**
   * One JSON document a line, `{ "seq": n, "sessions": [...] }` for sessions whose answer to
   * checkSession has changed, and an empty list as a heartbeat; with `keys` where those that check
   * access tokens have changed, and in the first line.
   */
  followSessionChanges: {
    ...auth,
    method: "GET",
    path: "/internal/session-changes",
    access: { services: ["gateway"] },
    summary: "Sessions that ended or changed, as it happens",
    query: strict({ follower: Uuid }),
    answers: {
      200: strict({
        seq: Type.Integer({ minimum: 0 }),
        sessions: Type.Array(Uuid),
        keys: Type.Optional(Type.Array(VerificationKey)),
      }),
    },
    mediaType: "application/x-ndjson",
  },
  /** The follower has forgotten what it knew of all changes up to `seq`. */
  acknowledgeSessionChanges: {
    ...auth,
    method: "POST",
    path: "/internal/session-changes/acknowledgements",
    access: { services: ["gateway"] },
    summary: "A follower has taken note",
    body: strict({ follower: Uuid, seq: Type.Integer({ minimum: 0 }) }),
    answers: { 204: null },
  },
  /** A command that needs the second factor where a user has one; an accepted code is used up. */
  useOtp: {
    ...auth,
    method: "POST",
    path: "/internal/users/{userId}/otp",
    access: { services: ["command"] },
    summary: "Check and use up a code of a user's second factor",
    body: strict({ otp: Type.Optional(Otp) }),
    answers: {
      200: strict({ outcome: Type.Enum(["no_mfa", "otp_required", "accepted", "refused"]) }),
    },
    refusals: [404],
  },
  userExists: {
    ...auth,
    method: "GET",
    path: "/internal/users/{userId}",
    access: { services: ["command"] },
    summary: "Whether a user exists",
    answers: { 200: strict({ userId: Uuid }) },
    refusals: [404],
  },
  /** For services that follow the log over HTTP: which ledgers there are, and how long they are. */
  listLedgers: {
    service: "relay",
    tag: "Internal",
    method: "GET",
    path: "/internal/ledgers",
    access: { services: ["query", "audit"] },
    summary: "The ledgers and their last positions",
    answers: {
      200: strict({
        items: Type.Array(
          strict({
            ledger: Type.Integer({ minimum: 1 }),
            position: Type.Integer({ minimum: 0 }),
          }),
        ),
      }),
    },
  },
  /** For a list of proposals that has to have all that was done before it was asked for. */
  latestProposals: {
    service: "relay",
    tag: "Internal",
    method: "GET",
    path: "/internal/latest-proposals",
    access: { services: ["query"] },
    summary: "The accounts of the latest events on proposals, with their versions",
    answers: {
      200: strict({ items: Type.Array(strict({ accountId: Uuid, version: Version })) }),
    },
  },
  /** The log for services: as readLog. */
  readLogInside: {
    service: "relay",
    tag: "Internal",
    method: "GET",
    path: "/internal/events",
    access: { services: ["query", "audit"] },
    summary: "The events of a ledger, for services",
    query: strict({
      ledger: Type.Integer({ minimum: 1 }),
      after: Type.Integer({ minimum: 0 }),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
      follow: Type.Optional(Type.Boolean()),
      stream: Type.Optional(Uuid),
    }),
    answers: { 200: Type.Unknown() },
    mediaType: "application/x-ndjson",
    refusals: [404],
  },
} as const satisfies Record<string, Operation>;
