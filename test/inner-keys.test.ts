import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createInnerSigner,
  createInnerVerifier,
  createServiceClient,
  ed25519FromSeed,
  ed25519PublicKey,
} from "@countinghouse/service-kit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call, type Identity, logIn, openIdentity, register } from "./support/identity.ts";

const folder = mkdtempSync(join(tmpdir(), "countinghouse-inner-"));
const [privateFile, publicFile] = [join(folder, "private"), join(folder, "public")];
const [OLD, NEW] = [randomBytes(32), randomBytes(32)];
const publicOf = (seed: Buffer) => ed25519PublicKey(ed25519FromSeed(seed));
const textOf = (seed: Buffer) => seed.toString("base64url");
const publish = (...seeds: Buffer[]) => {
  writeFileSync(publicFile, JSON.stringify({ gateway: seeds.map(publicOf) }));
};

let identity: Identity;
/** The inner tokens that came to the command service. */
const seen: string[] = [];
const command = createServer((request, response) => {
  seen.push((request.headers.authorization ?? "").replace("Bearer ", ""));
  response.setHeader("content-type", "application/json");
  response.end("{}");
});

beforeAll(async () => {
  writeFileSync(privateFile, textOf(OLD));
  publish(OLD);
  command.listen(0, "127.0.0.1");
  await once(command, "listening");
  identity = await openIdentity();
});
afterAll(async () => {
  await identity.close();
  command.closeAllConnections();
  command.close();
  rmSync(folder, { recursive: true });
});

const isSignedBy = (token: string, seed: Buffer) => {
  try {
    createInnerVerifier("command", JSON.stringify({ gateway: publicOf(seed) }))(token);
    return true;
  } catch {
    return false;
  }
};

test("[S25] a new inner key takes over by its files, and no request fails", async () => {
  const files = { INNER_PUBLIC_KEYS: "", INNER_PUBLIC_KEYS_FILE: publicFile };
  const auth = await identity.auth(files);
  const { port } = command.address() as AddressInfo;
  const gateway = await identity.gateway(auth.url, {
    ...files,
    ...{ INNER_PRIVATE_KEY: "", INNER_PRIVATE_KEY_FILE: privateFile },
    COMMAND_URL: `http://127.0.0.1:${port}`,
  });
  const person = await logIn(gateway, await register(gateway));
  const asNew = createServiceClient(auth.url, "auth", createInnerSigner("gateway", textOf(NEW)));
  const isNewKnown = () => {
    return asNew.ask("userTokenKeys", {}).then(
      () => true,
      () => false,
    );
  };
  /** Who of the two the gateway signs as now; a new session gets a new inner token. */
  const signer = async () => {
    const { token } = await logIn(gateway, person);
    await call(gateway, "POST", "/v1/accounts", { token, body: {} });
    return [OLD, NEW].findIndex((seed) => isSignedBy(seen.at(-1) ?? "", seed));
  };
  let isOver = false;
  const statuses = new Set<number>();
  const load = (async () => {
    while (!isOver) {
      statuses.add((await call(gateway, "GET", "/v1/auth/me", { token: person.token })).status);
    }
  })();
  expect([await isNewKnown(), await signer()]).toEqual([false, 0]);
  publish(OLD, NEW);
  await expect.poll(isNewKnown, { timeout: 10_000 }).toBe(true);
  writeFileSync(privateFile, textOf(NEW));
  await expect.poll(signer, { timeout: 15_000, interval: 200 }).toBe(1);
  isOver = true;
  await load;
  expect([...statuses]).toEqual([200]);

  publish(NEW);
  const asOld = createServiceClient(auth.url, "auth", createInnerSigner("gateway", textOf(OLD)));
  await expect
    .poll(() => asOld.ask("userTokenKeys", {}).catch(() => "refused"), {
      timeout: 10_000,
    })
    .toBe("refused");
  expect(await isNewKnown()).toBe(true);
});
