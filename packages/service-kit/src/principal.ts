import type { Access, Issuer, Role } from "@countinghouse/contracts";
import { ProblemError } from "./problem-error.ts";

/** A user in a session. */
export interface UserPrincipal {
  readonly kind: "user";
  readonly userId: string;
  readonly sessionId: string;
  readonly roles: readonly Role[];
}

/** Who calls: a user, or another service for itself. */
export type Principal = UserPrincipal | { readonly kind: "service"; readonly name: Issuer };

/** Whose things a call may touch: anybody's, or only those of this user. */
export type Scope = { readonly kind: "any" } | { readonly kind: "own"; readonly userId: string };

/**
 * Decides by role what the principal may do: gives the scope of the call. Throws a 401 without a
 * principal where one is needed, a 403 where no role allows it.
 */
export function authorize(access: Access, principal: Principal | undefined): Scope {
  if (access === "public") return { kind: "any" };
  if (principal === undefined) throw unauthenticated();
  if (typeof access === "object" && "services" in access) {
    const allowed = principal.kind === "service" && access.services.includes(principal.name);
    if (!allowed) throw new ProblemError("forbidden");
    return { kind: "any" };
  }
  if (principal.kind !== "user") throw new ProblemError("forbidden");
  const own: Scope = { kind: "own", userId: principal.userId };
  if (access === "user") return own;
  if (principal.roles.some((role) => access.any?.includes(role))) return { kind: "any" };
  if (principal.roles.some((role) => access.own?.includes(role))) return own;
  throw new ProblemError("forbidden");
}

/** A 401 with the challenge of RFC 6750. */
export function unauthenticated(): ProblemError {
  return new ProblemError("unauthenticated", { headers: { "www-authenticate": "Bearer" } });
}
