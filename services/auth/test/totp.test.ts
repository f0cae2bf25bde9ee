import { randomBytes } from "node:crypto";
import { createSecretBox, SealBrokenError } from "@countinghouse/service-kit";
import { expect, test } from "vitest";
import { newRecoveryCodes, recoveryHash } from "../src/recovery-codes.ts";
import { newTotpSecret, showTotp, stepOfCode } from "../src/totp.ts";

/** RFC 6238, appendix B, the SHA-1 column cut to six digits. */
const RFC_SECRET = Buffer.from("12345678901234567890");
const RFC_CODES = [
  [59, "287082"],
  [1_111_111_109, "081804"],
  [1_111_111_111, "050471"],
  [1_234_567_890, "005924"],
  [2_000_000_000, "279037"],
  [20_000_000_000, "353130"],
] as const;

for (const [seconds, code] of RFC_CODES) {
  test(`[S86] at second ${seconds} the code of RFC 6238 is ${code}`, () => {
    expect(stepOfCode(RFC_SECRET, code, seconds * 1000)).toBe(Math.floor(seconds / 30));
  });
}

test("[S86] a code is good in its step, the one before and the one after", () => {
  const at = (seconds: number) => stepOfCode(RFC_SECRET, "287082", seconds * 1000);
  expect([0, 29.9, 30, 59.9, 60, 89.9].map(at)).toEqual([1, 1, 1, 1, 1, 1]);
  expect([90, 120, 3600].map(at)).toEqual([undefined, undefined, undefined]);
});

const NO_CODES = [
  "",
  "28708",
  "2870820",
  "28708a",
  " 287082",
  "２８７０８２",
  "-87082",
  "287082\0",
];

for (const code of NO_CODES) {
  test(`[S86] ${JSON.stringify(code)} is no code`, () => {
    expect(stepOfCode(RFC_SECRET, code, 59_000)).toBeUndefined();
  });
}

test("[S86] a secret has 160 bits and an otpauth address for authenticators", () => {
  const secret = newTotpSecret();
  expect(secret).toHaveLength(20);
  expect(newTotpSecret().equals(secret)).toBe(false);
  const shown = showTotp(secret, "ada+1@example.com");
  const uri = new URL(shown.otpauthUri);
  expect([uri.protocol, uri.host]).toEqual(["otpauth:", "totp"]);
  expect(decodeURIComponent(uri.pathname)).toBe("/Countinghouse:ada+1@example.com");
  expect(Object.fromEntries(uri.searchParams)).toEqual({
    issuer: "Countinghouse",
    secret: shown.secret,
    algorithm: "SHA1",
    digits: "6",
    period: "30",
  });
});

test("[S86] recovery codes are ten, of 80 bits each, and however typed the same", () => {
  const codes = newRecoveryCodes();
  expect(new Set(codes).size).toBe(10);
  for (const code of codes)
    expect(code).toMatch(/^([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/);
  const [code = ""] = codes;
  const typed = ` ${code.toUpperCase().replaceAll("-", " ")} `;
  expect(recoveryHash(typed).equals(recoveryHash(code))).toBe(true);
});

test("[S20] a sealed secret opens for its owner only, unchanged, with its key", () => {
  const box = createSecretBox(randomBytes(32));
  const sealed = box.seal(RFC_SECRET, "ada");
  expect(box.open(sealed, "ada").equals(RFC_SECRET)).toBe(true);
  expect(sealed.includes(RFC_SECRET)).toBe(false);
  expect(() => box.open(sealed, "mallory")).toThrow(SealBrokenError);
  expect(() => createSecretBox(randomBytes(32)).open(sealed, "ada")).toThrow(SealBrokenError);
  for (let i = 0; i < sealed.length; i += 1) {
    const changed = Buffer.from(sealed);
    changed[i] = (changed[i] ?? 0) ^ 1;
    expect(() => box.open(changed, "ada")).toThrow(SealBrokenError);
  }
  expect(() => box.open(sealed.subarray(0, 20), "ada")).toThrow(SealBrokenError);
});
