/** Why a command is refused. Stable: callers and records have these words. */
export type Refusal =
  | "not_found"
  | "same_account"
  | "account_closed"
  | "account_frozen"
  | "account_not_frozen"
  | "account_not_empty"
  | "currency_mismatch"
  | "insufficient_funds"
  | "limit_exceeded"
  | "already_reversed"
  | "not_reversible";

/** What a command comes to: the facts it makes, or one refusal. */
export type Decision<Facts> =
  | { readonly kind: "accepted"; readonly facts: Facts }
  | { readonly kind: "refused"; readonly code: Refusal };

export function accept<Facts>(facts: Facts): Decision<Facts> {
  return { kind: "accepted", facts };
}

export function refuse(code: Refusal): { readonly kind: "refused"; readonly code: Refusal } {
  return { kind: "refused", code };
}

/** Whose accounts a command may touch: anybody's, or only those of this user. */
export type By = { readonly kind: "any" } | { readonly kind: "own"; readonly userId: string };
