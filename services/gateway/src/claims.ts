import type { UserTokenClaims } from "@countinghouse/service-kit";

/** How far the clock of who signed a token may be ahead of ours. */
const SKEW_SECONDS = 60;
const SECONDS_PER_MINUTE = 60;

/**
 * Whether a token whose signature is right is also one that auth makes: of its lifetime and of the
 * past, its ids texts, and spelled in the one way there is, since a signature's last letter has
 * bits to spare.
 */
export function isOurs(
  token: string,
  { sub, sid, jti, iat, exp }: UserTokenClaims,
  lifetimeMinutes: number,
): boolean {
  const lifetime = lifetimeMinutes * SECONDS_PER_MINUTE;
  return (
    [sub, sid, jti].every((id) => typeof id === "string") &&
    [iat, exp].every(Number.isSafeInteger) &&
    iat <= Date.now() / 1000 + SKEW_SECONDS &&
    exp - iat <= lifetime &&
    token.split(".").every(isCanonical)
  );
}

function isCanonical(part: string): boolean {
  return Buffer.from(part, "base64url").toString("base64url") === part;
}
