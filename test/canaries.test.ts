import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeWithKafka, type LocalBroker, startLocalBroker } from "@countinghouse/testing";
import { Secret, TOTP } from "otpauth";
import { afterAll, beforeAll, expect, test } from "vitest";
import { logStatements, searchAtRest } from "./support/bank-at-rest.ts";
import { createCanaries, type Finding } from "./support/canaries.ts";
import { openBank, type RunningBank } from "./support/running-bank.ts";

const MINUTES_MS = 180_000;

interface Answer {
  readonly status: number;
  readonly body: Record<string, string> & { readonly recoveryCodes?: string[] };
}

describeWithKafka("after a run in which everything secret was used, and used wrongly", () => {
  const canaries = createCanaries();
  const inErrors: Finding[] = [];
  const kafkaFolder = mkdtempSync(join(tmpdir(), "countinghouse-kafka-"));
  let kafka: LocalBroker;
  let bank: RunningBank;
  beforeAll(async () => {
    kafka = await startLocalBroker(kafkaFolder);
    const settings = { KAFKA_BROKERS: kafka.brokers, LOG_LEVEL: "trace" };
    bank = await openBank([], settings);
    await logStatements(bank);
    await run();
  }, MINUTES_MS);
  afterAll(async () => {
    await bank.close();
    await kafka.stop();
  });

  test("[S12] [S35] no answer that refuses shows a secret", () => {
    expect(inErrors).toEqual([]);
  });

  test("[S12] [S20] [S37] nothing at rest shows a secret", {
    timeout: MINUTES_MS,
  }, async () => {
    const published = await canaries.findBelow(kafkaFolder);
    const { logs, tables, disk } = await searchAtRest(bank, canaries);
    const known = (findings: Finding[]) => findings.filter(({ what }) => what !== KNOWN);
    expect(known([...published, ...logs, ...tables, ...disk])).toEqual([]);
    // What is not secret is found in each of the places, so that a secret would be.
    for (const place of [published, logs, tables, disk]) {
      expect(place.map(({ what }) => what)).toContain(KNOWN);
    }
  });

  /** The reference of a deposit: nothing secret. */
  const KNOWN = "a reference";
  const newSecret = () => `Cn${randomBytes(16).toString("base64url")}`;
  const codeOf = (secret: string, steps = 0) => {
    const timestamp = Date.now() + steps * 30_000;
    return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp });
  };

  async function ask(
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
    method = "POST",
  ): Promise<Answer> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const given = { "content-type": "application/json", ...headers };
    const sends = method === "GET" ? {} : { body: text };
    const answer = await fetch(bank.url + path, { method, headers: given, ...sends });
    const received = await answer.text();
    const seen = [received, ...[...answer.headers].map(([, value]) => value)].join("\n");
    if (!answer.ok) inErrors.push(...canaries.findIn(`${answer.status} of ${path}`, seen));
    return { status: answer.status, body: received === "" ? {} : JSON.parse(received) };
  }

  async function logIn(person: object): Promise<Answer["body"]> {
    const { status, body } = await ask("/v1/auth/login", person);
    expect(status).toBe(200);
    canaries.plant("an access token", body.accessToken ?? "");
    canaries.plant("the signature of an access token", body.accessToken?.split(".")[2] ?? "");
    canaries.plant("a refresh token", body.refreshToken ?? "");
    return body;
  }

  async function run(): Promise<void> {
    canaries.plant("the secret key", bank.system.server.secretKey);
    const person = {
      email: `${randomUUID()}@example.com`,
      password: canaries.plant("a password", newSecret()),
    };
    expect((await ask("/v1/auth/register", { ...person, fullName: "Ada" })).status).toBe(201);
    await misuse(person);
    const tokens = await logIn(person);
    const later = await useTokens(tokens);
    await useSecondFactor(person, { authorization: `Bearer ${later}` });
    await changePassword(person, { authorization: `Bearer ${later}` });
  }

  /** Passwords where they do not belong, and wrong ones. */
  async function misuse({ email, password }: { email: string; password: string }): Promise<void> {
    const wrong = () => canaries.plant("a wrong password", newSecret());
    const taken = { email, password: wrong(), fullName: "Ada" };
    expect((await ask("/v1/auth/register", taken)).status).toBe(409);
    expect((await ask("/v1/auth/login", { email, password: wrong() })).status).toBe(401);
    const nobody = { email: `${randomUUID()}@example.com`, password: wrong() };
    expect((await ask("/v1/auth/login", nobody)).status).toBe(401);
    // A refusal names members that are unknown, but shows no value.
    const broken = [
      `{"email":"${email}","password":"${wrong()}"`,
      `{"email":"${email}","password":"${wrong()}\\u0000"}`,
      `{"email":"${email}","password":["${wrong()}"]}`,
      `{"email":"${email}","password":"${wrong()}","password":"${password}"}`,
      `"${wrong()}"`,
    ];
    for (const body of broken) expect((await ask("/v1/auth/login", body)).status).toBe(400);
    expect((await ask(`/v1/auth/login?password=${wrong()}`, {})).status).toBe(400);
    const headers = { "x-password": wrong(), "content-type": `text/${wrong()}` };
    expect((await ask("/v1/auth/login", {}, headers)).status).toBe(415);
    expect((await ask(`/v1/auth/${wrong()}`, {})).status).toBe(401);
    const basic = Buffer.from(`${email}:${wrong()}`).toString("base64");
    canaries.plant("a password of the scheme Basic", basic);
    expect((await ask("/v1/accounts", {}, { authorization: `Basic ${basic}` })).status).toBe(401);
  }

  /** Commands by a token, tokens where they do not belong, and refreshes; gives the newest. */
  async function useTokens(tokens: Answer["body"]): Promise<string> {
    const { accessToken = "", refreshToken = "" } = tokens;
    const authorization = `Bearer ${accessToken}`;
    const command = () => ({ authorization, "idempotency-key": randomUUID() });
    const account = { type: "checking", currency: "EUR" };
    const { body } = await ask("/v1/accounts", account, command());
    const amount = { value: "5.00", currency: "EUR" };
    const reference = canaries.plant(KNOWN, newSecret());
    const path = `/v1/accounts/${body.accountId}/deposits`;
    expect((await ask(path, { amount, reference }, command())).status).toBe(201);
    expect((await ask(`${path}?access_token=${accessToken}`, { amount })).status).toBe(401);
    const asKey = { authorization, "idempotency-key": `${accessToken} ${accessToken}` };
    expect((await ask(path, { amount }, asKey)).status).toBe(400);
    const odd = { authorization, traceparent: accessToken, "user-agent": "tests" };
    expect((await ask("/v1/accounts", "", odd, "GET")).status).toBe(200);
    expect((await ask("/v1/auth/refresh", { refreshToken: `${refreshToken}x` })).status).toBe(401);
    const { body: child } = await ask("/v1/auth/refresh", { refreshToken });
    canaries.plant("a child of a refresh token", child.refreshToken ?? "");
    canaries.plant("an access token of a refresh", child.accessToken ?? "");
    return child.accessToken ?? "";
  }

  async function useSecondFactor(
    person: { email: string; password: string },
    headers: Record<string, string>,
  ): Promise<void> {
    const begun = (await ask("/v1/auth/mfa/totp", "", headers)).body;
    const secret = canaries.plant("a TOTP secret", begun.secret ?? "");
    canaries.plant("an otpauth address", begun.otpauthUri ?? "");
    const wrong = canaries.plant("a code that is none", newSecret());
    expect((await ask("/v1/auth/mfa/totp/confirm", { otp: wrong }, headers)).status).toBe(422);
    const confirmed = await ask("/v1/auth/mfa/totp/confirm", { otp: codeOf(secret, -1) }, headers);
    const codes = confirmed.body.recoveryCodes ?? [];
    expect(codes).toHaveLength(10);
    for (const code of codes) canaries.plant("a recovery code", code);
    expect((await ask("/v1/auth/login", person)).body.code).toBe("otp_required");
    expect((await ask("/v1/auth/login", { ...person, otp: wrong })).status).toBe(401);
    await logIn({ ...person, otp: codeOf(secret) });
    await logIn({ ...person, otp: codes[0] });
    expect((await ask("/v1/auth/login", { ...person, otp: codes[0] })).status).toBe(401);
    const again = (await ask("/v1/auth/mfa/totp", "", headers)).body;
    canaries.plant("a TOTP secret that waits", again.secret ?? "");
  }

  async function changePassword(
    person: { email: string; password: string },
    headers: Record<string, string>,
  ): Promise<void> {
    const newPassword = canaries.plant("a new password", newSecret());
    const wrong = canaries.plant("a wrong current password", newSecret());
    const refused = { currentPassword: wrong, newPassword };
    expect((await ask("/v1/auth/password", refused, headers)).status).toBe(422);
    const right = { currentPassword: person.password, newPassword };
    expect((await ask("/v1/auth/password", right, headers)).status).toBe(204);
  }
});
