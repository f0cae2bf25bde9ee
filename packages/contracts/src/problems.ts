import type { MoneyShown } from "./schemas/primitives.ts";

/** One row of the catalogue of problems: all that a caller is ever told about a failure. */
export interface ProblemRow {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
}

const row = (status: number, title: string, detail: string): ProblemRow => ({
  status,
  title,
  detail,
});

/**
 * Every problem this system answers with, by its stable code (RFC 9457). Nothing of the request and
 * nothing of the machinery ever gets into a title or a detail.
 */
export const PROBLEMS = {
  malformed: row(400, "Malformed request", "The request does not fit its schema; see errors."),
  unauthenticated: row(401, "Not authenticated", "A valid access token is needed."),
  invalid_credentials: row(401, "Invalid credentials", "The e-mail or the password is wrong."),
  otp_required: row(401, "One-time code required", "This login needs a code of the second factor."),
  invalid_otp: row(401, "Invalid one-time code", "The code is wrong, too old, or was used before."),
  invalid_refresh_token: row(401, "Invalid refresh token", "The refresh token is not valid."),
  forbidden: row(403, "Forbidden", "The caller's roles do not allow this."),
  not_found: row(404, "Not found", "There is nothing here for this caller."),
  method_not_allowed: row(405, "Method not allowed", "The Allow header names what is allowed."),
  not_acceptable: row(406, "Not acceptable", "No available form fits the Accept header."),
  request_timeout: row(408, "Request timeout", "The request did not arrive in time."),
  email_taken: row(409, "E-mail taken", "Somebody is registered with this e-mail."),
  idempotency_key_in_flight: row(
    409,
    "Still running",
    "A request with this Idempotency-Key is still running; ask again.",
  ),
  too_large: row(413, "Too large", "The request is larger than allowed."),
  unsupported_media_type: row(
    415,
    "Unsupported media type",
    "Bodies are application/json in UTF-8.",
  ),
  idempotency_key_reused: row(
    422,
    "Idempotency-Key reused",
    "This Idempotency-Key belongs to another request; errors names the first difference.",
  ),
  date_in_past: row(422, "Date in the past", "The time that was given is over."),
  hold_not_active: row(422, "Hold not active", "The hold was captured, released, or is over."),
  amount_exceeds_hold: row(422, "More than is held", "The hold has less left than this."),
  too_many_holds: row(422, "Too many holds", "The account has as many active holds as it may."),
  too_many_proposals: row(422, "Too many proposals", "Others wait for a decision already."),
  proposal_closed: row(422, "Proposal closed", "The proposal has been decided on before."),
  already_corrected: row(
    422,
    "Already corrected",
    "The posting has been corrected before, or its correction waits for a decision.",
  ),
  self_approval: row(422, "Own proposal", "Another person has to decide on it."),
  card_inactive: row(422, "Card inactive", "The card has not been activated."),
  card_frozen: row(422, "Card frozen", "The card is frozen."),
  card_cancelled: row(422, "Card cancelled", "The card has been cancelled."),
  card_expired: row(422, "Card expired", "The card is past its expiry date."),
  too_many_cards: row(422, "Too many cards", "The account has as many cards as it may."),
  illegal_transition: row(422, "Illegal step", "The card cannot be brought from its status there."),
  otp_needed: row(422, "One-time code required", "This needs a code of the second factor."),
  insufficient_funds: row(422, "Insufficient funds", "The available balance does not cover it."),
  account_frozen: row(422, "Account frozen", "The account is frozen."),
  account_not_frozen: row(422, "Account not frozen", "The account is not frozen."),
  account_closed: row(422, "Account closed", "The account is closed."),
  account_not_empty: row(422, "Account not empty", "Only an empty account can be closed."),
  currency_mismatch: row(422, "Currency mismatch", "The account has another currency."),
  same_account: row(422, "Same account", "Both sides of the transfer are the same account."),
  limit_exceeded: row(422, "Limit exceeded", "A limit does not allow this."),
  already_reversed: row(422, "Already reversed", "The transfer has been reversed before."),
  not_reversible: row(422, "Not reversible", "A reversal cannot be reversed."),
  password_rejected: row(422, "Password rejected", "The password is too common."),
  wrong_password: row(422, "Wrong password", "The current password is wrong."),
  wrong_otp: row(422, "Invalid one-time code", "The code is wrong, too old, or was used before."),
  last_admin: row(422, "Last administrator", "The last administrator keeps the role."),
  rate_limited: row(429, "Too many requests", "Ask again after the time in Retry-After."),
  headers_too_large: row(431, "Headers too large", "The header fields are larger than allowed."),
  internal: row(500, "Internal error", "Something failed; the request id finds it in our logs."),
  unavailable: row(503, "Unavailable", "The service cannot answer now; ask again."),
} as const satisfies Record<string, ProblemRow>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Problems that go by the code of another one; only their statuses or texts differ. */
const SAME_CODE: Partial<Record<ProblemCode, ProblemCode>> = {
  wrong_password: "invalid_credentials",
  invalid_refresh_token: "invalid_credentials",
  wrong_otp: "invalid_otp",
  otp_needed: "otp_required",
};

/** The code on the wire: a wrong current password is `invalid_credentials` with another status. */
export function wireCode(code: ProblemCode): string {
  return SAME_CODE[code] ?? code;
}

/**
 * One fault of a request: where (a JSON Pointer for bodies, `?name`, or a header name) and what.
 */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** A problem document (RFC 9457) as it goes over the wire. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly instance: string;
  readonly errors?: readonly Fault[];
  readonly limit?: LimitFault;
}

/** Which limit does not allow it, and what it would still have allowed; of `limit_exceeded`. */
export interface LimitFault {
  readonly name: string;
  readonly channel?: string;
  readonly amount: MoneyShown;
  readonly left: MoneyShown;
}

/** The problem document of a code for the request with this id. */
export function problemDocument(
  code: ProblemCode,
  requestId: string,
  errors?: readonly Fault[],
  limit?: LimitFault,
): ProblemDocument {
  const { status, title, detail } = PROBLEMS[code];
  const wire = wireCode(code);
  return {
    type: `urn:countinghouse:problem:${wire}`,
    title,
    status,
    code: wire,
    detail,
    instance: requestId,
    ...(errors !== undefined && { errors }),
    ...(limit !== undefined && { limit }),
  };
}
