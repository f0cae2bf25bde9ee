import { text } from "node:stream/consumers";
import { CliError } from "../cli-error.ts";

/** The name of the setting that holds an access token. */
const TOKEN = "COUNTINGHOUSE_TOKEN";

/** Who asks the bank, for as long as it takes. */
export interface Login {
  token(): Promise<string | undefined>;
  /** A new token in the place of one that the bank no longer takes. Throws a CliError. */
  renew(): Promise<void>;
}

interface Session {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/**
 * The token of COUNTINGHOUSE_TOKEN, or with an e-mail a session of its own; its password is read
 * from standard input.
 */
export async function loginFor(
  url: string,
  { email, otp }: { email?: string; otp?: string },
): Promise<Login> {
  if (email === undefined) return fixed(process.env[TOKEN]);
  if (process.stdin.isTTY) process.stderr.write("Password: ");
  const [password = ""] = (await text(process.stdin)).split(/\r?\n/, 1);
  const credentials = { email, password };
  let session = await open(url, "login", { ...credentials, ...(otp !== undefined && { otp }) });
  return {
    token: async () => session.accessToken,
    async renew() {
      const { refreshToken } = session;
      session = await open(url, "refresh", { refreshToken }).catch(() => {
        return open(url, "login", credentials);
      });
    },
  };
}

function fixed(token: string | undefined): Login {
  return {
    token: async () => token,
    async renew() {
      const has = token === undefined ? "is not set" : "is not taken any more";
      throw new CliError(`An auditor's login is needed: --email, or ${TOKEN}, which ${has}.`);
    },
  };
}

async function open(url: string, what: "login" | "refresh", body: object): Promise<Session> {
  const headers = { "content-type": "application/json" };
  const request = { method: "POST", headers, body: JSON.stringify(body) };
  const response = await fetch(new URL(`/v1/auth/${what}`, url), request).catch((cause) => {
    throw new CliError(`The bank at ${url} does not answer.`, { cause });
  });
  if (response.ok) return (await response.json()) as Session;
  const { code } = (await response.json().catch(() => ({}))) as { code?: string };
  if (code === "otp_required") throw new CliError("This login needs a second factor: --otp CODE");
  throw new CliError(`The login was refused: ${code ?? response.status}.`);
}
