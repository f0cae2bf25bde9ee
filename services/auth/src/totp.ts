import { randomBytes } from "node:crypto";
import { Secret, TOTP } from "otpauth";

/** The length that RFC 4226 recommends for HMAC-SHA-1. */
const SECRET_BYTES = 20;
const STEP_MS = 30_000;
/** Clocks differ and people type: the steps before and after the present one count, too. */
const STEPS_APART = 1;
const ISSUER = "Countinghouse";
const CODE = /^[0-9]{6}$/;

export function newTotpSecret(): Buffer {
  return randomBytes(SECRET_BYTES);
}

/** A secret as people type it (base32) and as authenticators scan it. */
export function showTotp(
  secret: Buffer,
  label: string,
): { readonly secret: string; readonly otpauthUri: string } {
  const totp = totpOf(secret, label);
  return { secret: totp.secret.base32, otpauthUri: totp.toString() };
}

/** Which step a code belongs to (RFC 6238), or undefined when it is none of now or next to now. */
export function stepOfCode(secret: Buffer, code: string, nowMs: number): number | undefined {
  if (!CODE.test(code)) return undefined;
  const apart = totpOf(secret).validate({ token: code, timestamp: nowMs, window: STEPS_APART });
  return apart === null ? undefined : presentStep(nowMs) + apart;
}

/** No code of a step before this one is accepted any more. */
export function oldestStep(nowMs: number): number {
  return presentStep(nowMs) - STEPS_APART;
}

function presentStep(nowMs: number): number {
  return Math.floor(nowMs / STEP_MS);
}

/** SHA-1, six digits, 30 seconds: what every authenticator knows. */
function totpOf(secret: Buffer, label?: string): TOTP {
  return new TOTP({
    issuer: ISSUER,
    ...(label !== undefined && { label }),
    secret: Secret.fromHex(secret.toString("hex")),
  });
}
