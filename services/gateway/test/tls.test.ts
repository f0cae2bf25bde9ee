import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { newCertificate, type TestCertificate } from "@countinghouse/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openGateway, type TestGateway } from "./support/gateway.ts";
import { sendRaw } from "./support/raw.ts";

/** Files are looked at every second. */
const POLL = { timeout: 8_000, interval: 50 };

const folder = mkdtempSync(join(tmpdir(), "countinghouse-tls-"));
let certificate: TestCertificate;
let gateway: TestGateway;
beforeAll(async () => {
  certificate = await newCertificate(folder);
  const { certFile, keyFile } = certificate;
  gateway = await openGateway({ TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile });
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true });
});

async function shakeHands(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect({ host: hostname, port: Number(port), ca: certificate.ca, ...options });
  await once(socket, "secureConnect").finally(() => socket.on("error", () => {}));
  return socket;
}

async function statusOf(path: string): Promise<number | undefined> {
  const request = get(gateway.url + path, { ca: certificate.ca, agent: false });
  const [answer] = await once(request, "response");
  answer.resume();
  return answer.statusCode;
}

test("[S1] with a certificate the gateway serves TLS", async () => {
  expect(gateway.url).toMatch(/^https:/);
  expect(await statusOf("/livez")).toBe(200);
});

test.each(["TLSv1.2", "TLSv1.3"] as const)("[S1] %s is spoken", async (version) => {
  const socket = await shakeHands({ minVersion: version, maxVersion: version });
  expect(socket.getProtocol()).toBe(version);
  socket.destroy();
});

test.each(["TLSv1", "TLSv1.1"] as const)("[S1] %s is refused", async (version) => {
  const old = { minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" };
  await expect(shakeHands(old)).rejects.toMatchObject({
    code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
  });
});

test("[S82] who trusts another certificate does not talk to the gateway", async () => {
  const other = await newCertificate(mkdtempSync(join(folder, "other-")));
  await expect(shakeHands({ ca: other.ca })).rejects.toMatchObject({
    code: "DEPTH_ZERO_SELF_SIGNED_CERT",
  });
});

test("[S30] plain HTTP to it gets no answer and no redirect", async () => {
  const request = "GET /v1/accounts HTTP/1.1\r\nHost: bank\r\nAuthorization: Bearer x\r\n\r\n";
  const answer = await sendRaw(gateway.url.replace("https", "http"), request);
  expect(answer).not.toMatch(/HTTP\/|location/i);
  expect(await statusOf("/livez")).toBe(200);
});

const fingerprint = async () => {
  const socket = await shakeHands({ rejectUnauthorized: false });
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
};

test("[S25] a new certificate is in use without a restart, and none of no use", async () => {
  const kept = await shakeHands();
  const before = await fingerprint();
  writeFileSync(certificate.certFile, "half a certific");
  certificate = await newCertificate(folder);
  await expect.poll(fingerprint, POLL).not.toBe(before);
  expect(await statusOf("/livez")).toBe(200);
  kept.write("GET /livez HTTP/1.1\r\nHost: bank\r\n\r\n");
  expect(String(await once(kept, "data"))).toContain("HTTP/1.1 200 OK");
  kept.destroy();
});
