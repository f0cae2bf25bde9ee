import { afterEach, expect, test } from "vitest";
import { openGateway, type TestGateway } from "./support/gateway.ts";
import { sendRaw } from "./support/raw.ts";

let gateway: TestGateway;
afterEach(() => gateway.close());

/** Logs in with these header lines and gives the status. */
async function logIn(...headers: string[]): Promise<number> {
  const head = ["POST /v1/auth/login HTTP/1.1", "Host: bank", ...headers, "Content-Length: 2"];
  const answer = await sendRaw(
    gateway.url,
    Buffer.from(`${[...head, "Connection: close"].join("\r\n")}\r\n\r\n{}`),
  );
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
}
const isRefused = (status: number) => status === 429;
const LIMIT = { RATE_LIMIT_LOGIN: "1" };

test("[S38] without a list of proxies nobody's X-Forwarded-For is believed", async () => {
  gateway = await openGateway(LIMIT);
  await logIn("X-Forwarded-For: 192.0.2.1");
  expect(isRefused(await logIn("X-Forwarded-For: 192.0.2.2"))).toBe(true);
});

test("[S38] a proxy that is not on the list is a client like others", async () => {
  gateway = await openGateway({ ...LIMIT, TRUSTED_PROXIES: "192.0.2.9" });
  await logIn("X-Forwarded-For: 192.0.2.1");
  expect(isRefused(await logIn("X-Forwarded-For: 192.0.2.2"))).toBe(true);
});

test("[S38] a trusted proxy's clients count each for itself, whatever they claim", async () => {
  gateway = await openGateway({ ...LIMIT, TRUSTED_PROXIES: "127.0.0.1,192.0.2.9" });
  expect(isRefused(await logIn("X-Forwarded-For: 192.0.2.1"))).toBe(false);
  expect(isRefused(await logIn("X-Forwarded-For: 192.0.2.2"))).toBe(false);
  // What stands left of the last untrusted address is the client's own claim.
  expect(isRefused(await logIn("X-Forwarded-For: 203.0.113.5, 192.0.2.1"))).toBe(true);
  expect(isRefused(await logIn("X-Forwarded-For: 203.0.113.6, 192.0.2.1, 192.0.2.9"))).toBe(true);
});

test("[S38] what a proxy passes on that is no address counts as the proxy's", async () => {
  gateway = await openGateway({ ...LIMIT, TRUSTED_PROXIES: "127.0.0.1" });
  expect(isRefused(await logIn("X-Forwarded-For: one"))).toBe(false);
  expect(isRefused(await logIn("X-Forwarded-For: another"))).toBe(true);
  expect(isRefused(await logIn())).toBe(true);
});

test("[S38] a network of IPv6 is one client", async () => {
  gateway = await openGateway({ ...LIMIT, TRUSTED_PROXIES: "127.0.0.1" });
  expect(isRefused(await logIn("X-Forwarded-For: 2001:db8::1"))).toBe(false);
  expect(isRefused(await logIn("X-Forwarded-For: 2001:db8:0:0:ffff::2"))).toBe(true);
  expect(isRefused(await logIn("X-Forwarded-For: 2001:db8:0:1::1"))).toBe(false);
});

test("[S80] what a client says it is goes no further than the gateway", async () => {
  gateway = await openGateway({ TRUSTED_PROXIES: "" });
  const { token } = await gateway.logIn();
  const headers = { authorization: `Bearer ${token}`, "x-client-address": "192.0.2.1" };
  await fetch(`${gateway.url}/v1/accounts`, { headers });
  const [seen] = gateway.seen;
  expect(seen?.headers["x-client-address"]).toBeUndefined();
});
