import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join, resolve } from "node:path";
import type { Role } from "@countinghouse/contracts";
import type { RunningBank } from "./running-bank.ts";

const BOOTSTRAP = join(resolve(import.meta.dirname, "../.."), "tools/bootstrap.mjs");

/** What a person logs in with. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** Makes a member of the staff with these roles, as an administrator does. */
export async function newStaff(bank: RunningBank, roles: readonly Role[]): Promise<Credentials> {
  const admin = await makeAdmin(bank);
  const authorization = `Bearer ${await tokenOf(bank.url, admin)}`;
  const person = fresh();
  const body = { ...person, fullName: "Grace Tester" };
  const { userId } = await ask<{ userId: string }>(bank.url, "POST", "/v1/auth/register", body);
  await ask(bank.url, "PUT", `/v1/users/${userId}/roles`, { roles }, { authorization });
  return person;
}

/** An access token of a new session. */
export async function tokenOf(url: string, person: Credentials): Promise<string> {
  const body = { email: person.email, password: person.password };
  return (await ask<{ accessToken: string }>(url, "POST", "/v1/auth/login", body)).accessToken;
}

async function makeAdmin({ env }: RunningBank): Promise<Credentials> {
  const admin = fresh();
  const args = [BOOTSTRAP, "cli", "users", "create-admin", "--email", admin.email];
  const child = spawn(process.execPath, args, { env, stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.end(`${admin.password}\n`);
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error("no administrator could be made");
  return admin;
}

function fresh(): Credentials {
  return { email: `${randomUUID()}@example.com`, password: `Zx9-${randomUUID()}` };
}

async function ask<T>(
  url: string,
  method: string,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<T> {
  const response = await fetch(url + path, {
    method,
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
  return (await response.json()) as T;
}
