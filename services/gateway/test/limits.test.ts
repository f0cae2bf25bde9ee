import { afterEach, expect, test } from "vitest";
import { openGateway, type TestGateway } from "./support/gateway.ts";

let gateway: TestGateway | undefined;
afterEach(() => gateway?.close());

async function statuses(count: number, ask: () => Promise<Response>): Promise<Response[]> {
  const answers: Response[] = [];
  for (let i = 0; i < count; i += 1) answers.push(await ask());
  return answers;
}

test("[S38] one request more than the limit of an address answers 429", async () => {
  gateway = await openGateway({ RATE_LIMIT_ADDRESS: "3" });
  const { url } = gateway;
  const answers = await statuses(4, () => fetch(`${url}/.well-known/jwks.json`));
  expect(answers.slice(0, 3).every(({ status }) => status !== 429)).toBe(true);
  const last = answers[3];
  expect(last?.status).toBe(429);
  expect(Number(last?.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(last?.headers.get("ratelimit-limit")).toBe("3");
  expect(last?.headers.get("ratelimit-remaining")).toBe("0");
  expect(await last?.json()).toMatchObject({ code: "rate_limited", status: 429 });
});

test("[S38] users are limited each for themselves", async () => {
  gateway = await openGateway({ RATE_LIMIT_USER: "2" });
  const { url } = gateway;
  const [one, other] = [await gateway.logIn(), await gateway.logIn()];
  const as = (token: string) => () => {
    return fetch(`${url}/v1/accounts`, { headers: { authorization: `Bearer ${token}` } });
  };
  const answers = await statuses(3, as(one.token));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
  expect((await as(other.token)()).status).toBe(200);
});

const STRICTER = { login: "RATE_LIMIT_LOGIN", register: "RATE_LIMIT_REGISTER" };

test.each(Object.entries(STRICTER))("[S38] %s has a limit of its own", async (name, setting) => {
  gateway = await openGateway({ [setting]: "1" });
  const { url } = gateway;
  const post = (path: string) => fetch(`${url}/v1/auth/${path}`, { method: "POST" });
  const answers = await statuses(2, () => post(name));
  expect(answers.map(({ status }) => status === 429)).toEqual([false, true]);
  expect((await post("refresh")).status).not.toBe(429);
});

const EVERYTHING = [
  "/livez",
  "/readyz",
  "/docs/",
  "/openapi.json",
  "/v1/nothing",
  "/v1/accounts/%zz",
];

test.each(EVERYTHING)("[S38] %s counts like everything else", async (path) => {
  gateway = await openGateway({ RATE_LIMIT_ADDRESS: "1" });
  const { url } = gateway;
  const answers = await statuses(2, () => fetch(url + path));
  expect(answers.map(({ status }) => status === 429)).toEqual([false, true]);
});

test("[S38] what is not there counts for the user who asks, too", async () => {
  gateway = await openGateway({ RATE_LIMIT_USER: "1" });
  const { url } = gateway;
  const { token } = await gateway.logIn();
  const ask = () => fetch(`${url}/v1/nothing`, { headers: { authorization: `Bearer ${token}` } });
  expect((await statuses(2, ask)).map(({ status }) => status)).toEqual([404, 429]);
});
