import { newKey, type Teller } from "./teller.ts";

/** Somebody of the story; `variable` holds their access token. */
export interface Person {
  readonly variable: string;
  readonly email: string;
  readonly password: string;
}

export const money = (value: string) => ({ value, currency: "EUR" });

export async function join(teller: Teller, person: Person, fullName: string): Promise<void> {
  const { email, password } = person;
  const body = { email, password, fullName };
  await teller.ask({ method: "POST", path: "/v1/auth/register", body, status: 201 });
  await logIn(teller, person);
}

export async function logIn(teller: Teller, person: Person): Promise<void> {
  const { variable, email, password } = person;
  const body = { email, password };
  const answer = await teller.ask({ method: "POST", path: "/v1/auth/login", body, status: 200 });
  teller.set(variable, answer.body.accessToken ?? "");
}

/** A command with a key of its own. */
export function post(teller: Teller, as: string, path: string, body: object, status = 201) {
  const key = newKey(path.split("/").at(-1) ?? "command");
  return teller.ask({ method: "POST", path, as, key, body, status });
}
