/** What a user may be; a user may be several. */
export const ROLES = ["customer", "teller", "auditor", "fraud_analyst", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** The services that HTTP operations belong to; also the audiences of inner tokens. */
export const SERVICES = ["auth", "command", "query", "relay", "audit"] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Who may sign inner tokens: the gateway for users, a service for itself. */
export const ISSUERS = ["gateway", "command", "query", "audit"] as const;
export type Issuer = (typeof ISSUERS)[number];

/**
 * Who may call an operation. `public`: no token. `user`: anyone logged in, on their own things.
 * `own` and `any`: these roles, on their own things or on anybody's. `services`: other services
 * only; such an operation is not reachable through the gateway.
 */
export type Access =
  | "public"
  | "user"
  | { readonly own?: readonly Role[]; readonly any?: readonly Role[] }
  | { readonly services: readonly Issuer[] };
