import { randomUUID } from "node:crypto";

/** How long a client waits for an answer before it hangs up. */
const PATIENCE_MS = 20_000;

/** An answer as its bytes; undefined in its place is none. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly token: string;
  readonly isReplay: boolean;
}

/** A customer of the bank, who logs in again when they have to. */
export interface Customer {
  readonly userId: string;
  /** Sends a command; undefined when there is no answer. */
  command(path: string, body: object | undefined, key: string): Promise<Answer | undefined>;
  /** Reads; with a token not before what it names is there. */
  get(path: string, token?: string): Promise<Answer | undefined>;
  /** A new session; its access token, or undefined when nobody gives one. */
  logIn(): Promise<string | undefined>;
}

/** Registers somebody new and logs them in. Throws when the bank does not work. */
export async function newCustomer(url: string): Promise<Customer> {
  const person = { email: `${randomUUID()}@chaos.example`, password: `Zx9-${randomUUID()}` };
  const body = { ...person, fullName: "Chaos" };
  const registered = await ask(url, "POST", "/v1/auth/register", {}, body);
  if (registered?.status !== 201) throw new Error(`nobody registers: ${registered?.text}`);
  const { userId } = JSON.parse(registered.text) as { userId: string };
  const logIn = async () => {
    const answer = await ask(url, "POST", "/v1/auth/login", {}, person);
    if (answer?.status !== 200) return undefined;
    return (JSON.parse(answer.text) as { accessToken: string }).accessToken;
  };
  let token = await logIn();
  if (token === undefined) throw new Error("nobody logs in");
  let renewing: Promise<void> | undefined;
  const renew = async () => {
    token = (await logIn()) ?? token;
    renewing = undefined;
  };
  const asked = async (method: string, path: string, headers: object, payload?: object) => {
    const authorized = () => ({ ...headers, authorization: `Bearer ${token}` });
    const answer = await ask(url, method, path, authorized(), payload);
    if (answer?.status !== 401) return answer;
    // A token is over after its time; many may see that at once, and one login serves them all.
    renewing ??= renew();
    await renewing;
    return ask(url, method, path, authorized(), payload);
  };
  return {
    ...{ userId, logIn },
    command: (path, payload, key) => asked("POST", path, { "idempotency-key": key }, payload),
    get: (path, wanted) => {
      return asked("GET", path, wanted === undefined ? {} : { "consistency-token": wanted });
    },
  };
}

/** One request on its own; undefined when there is no answer. */
export async function ask(
  url: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: object,
): Promise<Answer | undefined> {
  const json = body !== undefined && { "content-type": "application/json" };
  try {
    const response = await fetch(url + path, {
      method,
      headers: { ...headers, ...json },
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      text,
      token: response.headers.get("consistency-token") ?? "",
      isReplay: response.headers.get("idempotency-replayed") === "true",
    };
  } catch {
    return undefined;
  }
}
