import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sendRaw } from "../services/gateway/test/support/raw.ts";
import {
  commandHead,
  deposit,
  type HostileBank,
  openHostileBank,
  type Received,
} from "./hostile/bank.ts";
import { BODIES, MEDIA_TYPES } from "./hostile/bodies.ts";
import { foreignRequests, NOBODYS } from "./hostile/foreign.ts";
import { HEADS, KEYS, NO_REQUESTS, OVERRIDES, UNDERSTOOD } from "./hostile/heads.ts";
import { TARGETS } from "./hostile/targets.ts";
import { ELSEWHERE, FORGERIES, forged, type Loot } from "./hostile/tokens.ts";
import { tokenKeyOf } from "./support/token-key.ts";

/** Slow requests are waited for: 5 s for a head, 10 s for all of it. */
const SLOW_MS = 40_000;

let hostile: HostileBank;
let loot: Loot;
beforeAll(async () => {
  hostile = await openHostileBank();
  const { url, system } = hostile.bank;
  const person = { email: `${randomUUID()}@example.com`, password: `Zx9-${randomUUID()}` };
  await post(url, "/v1/auth/register", { ...person, fullName: "Mallory" });
  const tokens = (await post(url, "/v1/auth/login", person)) as Omit<
    Loot,
    "secretKey" | "tokenKey"
  >;
  const tokenKey = await tokenKeyOf(system.server, tokens.accessToken);
  loot = { ...tokens, secretKey: system.server.secretKey, tokenKey };
}, 120_000);
afterAll(() => hostile.close());

async function post(url: string, path: string, body: object): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  return (await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

const deposits = () => `/v1/accounts/${hostile.account}/deposits`;
const right = deposit("5.00");

describe("[S5] a deposit whose body is", () => {
  test.each(BODIES)("%s leaves nothing", async (_, body, status) => {
    // A refusal by a rule is decided and so remembered, with its key.
    const except = status === 422 ? "idempotency" : undefined;
    const work = () => hostile.send(commandHead(deposits(), body), body);
    const answer = await hostile.unchanged(work, except);
    expect(answer.status).toBe(status);
  });
});

test.each(MEDIA_TYPES)(
  "[S33] a deposit sent as %s answers 415 and leaves nothing",
  async (type) => {
    const head = commandHead(deposits(), right, `Content-Type: ${type}`);
    expect((await hostile.attack(head, right)).status).toBe(415);
  },
);

test.each(TARGETS)("[S5] [S77] %s answers %i", async (request, status) => {
  const target = request.replaceAll("{id}", hostile.account);
  expect((await hostile.attack(`${target} HTTP/1.1`)).status).toBe(status);
});

describe("[S32] a request with", () => {
  test.each(HEADS)("%s leaves nothing", async (_, lines, status) => {
    const head = [`POST ${deposits()} HTTP/1.1`, ...lines].join("\r\n");
    expect((await hostile.attack(head, "hello")).status).toBe(status);
  });

  test.each(KEYS)("[S42] %s leaves nothing", async (_, lines, status) => {
    const head = commandHead(deposits(), right, ...lines).replace(/Idempotency-Key: \S+\r\n/, "");
    expect((await hostile.attack(head, right)).status).toBe(status);
  });

  test.each(UNDERSTOOD)("%s is refused", async (_, lines, status) => {
    const head = [`GET /v1/accounts/${hostile.account} HTTP/1.1`, ...lines].join("\r\n");
    expect((await hostile.attack(head)).status).toBe(status);
  });

  test.each(NO_REQUESTS)("%s is no request of ours", async (_, bytes, status) => {
    const answer = await hostile.unchanged(() => {
      return sendRaw(hostile.bank.url, Buffer.from(bytes, "latin1"), (text) => text.includes("}"));
    });
    expect(Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1])).toBe(status);
  });

  test("a head or a body that does not end is given up", { timeout: SLOW_MS }, async () => {
    const { url } = hostile.bank;
    const open = `POST ${deposits()} HTTP/1.1\r\nHost: bank\r\n`;
    const token = `Authorization: ${hostile.client.authorization}\r\n`;
    const typed = `${open}${token}Content-Type: application/json\r\nIdempotency-Key: slow\r\n`;
    const slow = [
      open,
      `${typed}Content-Length: ${right.length}\r\n\r\n${right.slice(0, -1)}`,
      `${typed}Transfer-Encoding: chunked\r\n\r\n5\r\n{"amo`,
    ];
    const answers = await hostile.unchanged(() => {
      return Promise.all(slow.map((bytes) => sendRaw(url, bytes)));
    });
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("a second one hidden in its body is answered once", async () => {
    const hidden = `GET /v1/users HTTP/1.1\r\nHost: bank\r\n\r\n`;
    const answer = await hostile.attack(commandHead(deposits(), hidden), hidden);
    expect(answer.text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 400"]);
  });
});

test.each(OVERRIDES)("[S80] %s changes nothing about a request", async (line) => {
  const answer = await hostile.attack(`GET /v1/accounts/${hostile.account} HTTP/1.1\r\n${line}`);
  expect(answer.status).toBe(200);
  expect(answer.text).toContain(`"accountId":"${hostile.account}"`);
});

describe("[S6] [S8] a command with", () => {
  const withToken = (lines: string[]) => {
    const head = commandHead(deposits(), right, ...lines);
    return hostile.attack(head, right);
  };

  test("the very token again, made by hand, is let in", async () => {
    const own = `Authorization: Bearer ${forged(loot, {})}`;
    expect((await hostile.attack(`GET /v1/auth/me HTTP/1.1\r\n${own}`)).status).toBe(200);
  });

  test.each(FORGERIES)("%s for a token answers 401", async (_, forge) => {
    const answer = await withToken([`Authorization: Bearer ${forge(loot)}`]);
    expect(answer.status).toBe(401);
    expect(answer.text).toMatch(/^www-authenticate: Bearer/im);
  });

  test.each(ELSEWHERE)("[S9] its token in %s answers 401", async (_, lines) => {
    expect((await withToken(lines(loot.accessToken))).status).toBe(401);
  });

  test("[S9] its token in the query answers 401, and is not logged", async () => {
    const path = `${deposits()}?access_token=${loot.accessToken}`;
    const head = commandHead(path, right, "No-Token: 1");
    expect((await hostile.attack(head, right)).status).toBe(401);
  });

  test("the token that all these were made of is good", async () => {
    const line = `Authorization: Bearer ${loot.accessToken}`;
    expect((await hostile.attack(`GET /v1/auth/me HTTP/1.1\r\n${line}`)).status).toBe(200);
  });
});

test("[S8] [S80] no inner service takes a user's token, nor none", async () => {
  const { gateway, ...inner } = hostile.bank.system.services;
  const paths = { auth: "/v1/auth/me", relay: "/v1/events", audit: "/v1/audit/proofs/inclusion" };
  for (const [name, { url }] of Object.entries(inner)) {
    const path = paths[name as keyof typeof paths] ?? "/v1/accounts";
    const method = name === "command" ? "POST" : "GET";
    for (const headers of [{}, { authorization: `Bearer ${loot.accessToken}` }]) {
      const answer = await fetch(url + path, { method, headers });
      expect([name, answer.status]).toEqual([name, 401]);
    }
  }
});

describe("[S14] [S15] a customer who asks for a thing of another's", () => {
  test.each(foreignRequests())("$name answers $status, as for none", async (request) => {
    const { method, body, isCommand, status, pathWith } = request;
    const ask = (id: string) => {
      const head = headOf(method, pathWith(id), body, isCommand);
      // That there is nothing is decided, and so remembered with its key.
      return hostile.unchanged(() => hostile.send(head, body), "idempotency");
    };
    const theirs = await ask(hostile.victimAccount);
    const nobodys = await ask(NOBODYS);
    expect([theirs.status, nobodys.status]).toEqual([status, status]);
    expect(documentOf(theirs)).toEqual(documentOf(nobodys));
  });

  test("leaves no event and changes nobody", async () => {
    const { victim, victimAccount, client } = hostile;
    const before = await Promise.all([victim.get(`/v1/accounts/${victimAccount}`), me(victim)]);
    const body = { fromAccountId: victimAccount, toAccountId: hostile.account };
    const amount = { value: "1.00", currency: "EUR" };
    const taken = await client.command("/v1/transfers", { ...body, amount });
    expect(taken.status).toBe(404);
    const after = await Promise.all([victim.get(`/v1/accounts/${victimAccount}`), me(victim)]);
    for (const [i, answer] of after.entries()) {
      expect(await answer.json()).toEqual(await before[i]?.json());
    }
  });
});

function me({ get }: HostileBank["victim"]): Promise<Response> {
  return get("/v1/auth/me");
}

function headOf(method: string, path: string, body: string | undefined, isCommand: boolean) {
  const key = isCommand ? [`Idempotency-Key: ${randomUUID()}`] : [];
  const type = body === undefined ? [] : ["Content-Type: application/json"];
  const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return [`${method} ${path} HTTP/1.1`, ...key, ...type, ...length].join("\r\n");
}

/** The problem without the id of its request. */
function documentOf({ text }: Received): unknown {
  const { instance, ...rest } = JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4));
  return rest;
}
