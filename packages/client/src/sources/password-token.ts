import { BankRefusedError } from "../errors.ts";

/** A token is not used in its last minute: it may end on the way. */
const SPARE_MS = 60_000;
const LOGIN_TIMEOUT_MS = 30_000;

export interface PasswordTokenOptions {
  /** Of the gateway. */
  readonly url: string;
  readonly email: string;
  readonly password: string;
}

/**
 * Logs in when a token is wanted and the last one is about to end or was refused. Where the user
 * has a second factor, give tokens in a way of your own. Throws a BankRefusedError.
 */
export function passwordToken(
  options: PasswordTokenOptions,
): (refused?: string) => Promise<string> {
  let last: { readonly token: string; readonly endsAtMs: number } | undefined;
  return async (refused) => {
    if (last !== undefined && last.token !== refused && Date.now() < last.endsAtMs) {
      return last.token;
    }
    const { accessToken, expiresIn } = await logIn(options);
    last = { token: accessToken, endsAtMs: Date.now() + expiresIn * 1_000 - SPARE_MS };
    return accessToken;
  };
}

async function logIn({ url, email, password }: PasswordTokenOptions) {
  const response = await fetch(new URL("/v1/auth/login", url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
    signal: AbortSignal.timeout(LOGIN_TIMEOUT_MS),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new BankRefusedError("a login", response.status);
  }
  return (await response.json()) as { accessToken: string; expiresIn: number };
}
