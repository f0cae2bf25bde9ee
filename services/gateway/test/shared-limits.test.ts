import { describeWithRedis, startRedis, type TestRedis } from "@countinghouse/testing";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openGateway, type TestGateway } from "./support/gateway.ts";

const FROM = { TRUSTED_PROXIES: "127.0.0.1" };
/** Until Redis is asked again, and longer than its answers are waited for. */
const POLL = { timeout: 10_000, interval: 100 };

describeWithRedis("gateways with one Redis", () => {
  let redis: TestRedis;
  let gateways: TestGateway[];
  let client = 0;
  beforeAll(async () => {
    redis = await startRedis();
    const settings = { ...FROM, RATE_LIMIT_ADDRESS: "4", REDIS_URL: redis.url };
    gateways = [await openGateway(settings), await openGateway(settings)];
  });
  afterEach(() => redis.resume());
  afterAll(async () => {
    for (const gateway of gateways) await gateway.close();
    await redis.stop();
  });

  /** The statuses of so many requests of a new client, to one gateway after the other. */
  async function ask(count: number): Promise<number[]> {
    client += 1;
    const statuses: number[] = [];
    for (let i = 0; i < count; i += 1) statuses.push((await askOne(i)).status);
    return statuses;
  }

  function askOne(i: number): Promise<Response> {
    const headers = { "x-forwarded-for": `203.0.${Math.floor(client / 250)}.${client % 250}` };
    return fetch(`${gateways[i % 2]?.url}/livez`, { headers });
  }

  const SHARED = [200, 200, 200, 200, 429, 429];
  const APART = [...Array<number>(8).fill(200), 429, 429];

  test("[S38] share the limit of a client, and say what is left over all", async () => {
    expect(await ask(6)).toEqual(SHARED);
    client += 1;
    const left = [];
    for (let i = 0; i < 3; i += 1) left.push((await askOne(i)).headers.get("ratelimit-remaining"));
    expect(left).toEqual(["3", "2", "1"]);
    const over = await [3, 4].reduce(async (_, i) => askOne(i), Promise.resolve(new Response()));
    expect(Number(over.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  test("[S89] limit each for itself while Redis is gone, and share again after it", async () => {
    await redis.kill();
    expect(await ask(10)).toEqual(APART);
    await redis.start();
    await expect.poll(() => ask(6), POLL).toEqual(SHARED);
  });

  test("[S89] do not wait for a Redis that does not answer", async () => {
    redis.pause();
    expect(await ask(10)).toEqual(APART);
    redis.resume();
    await expect.poll(() => ask(6), POLL).toEqual(SHARED);
  });
});

test("[S89] a gateway that starts without its Redis serves and limits", async () => {
  const gateway = await openGateway({ RATE_LIMIT_ADDRESS: "2", REDIS_URL: "redis://127.0.0.1:1" });
  const statuses = [];
  for (let i = 0; i < 3; i += 1) statuses.push((await fetch(`${gateway.url}/livez`)).status);
  expect(statuses).toEqual([200, 200, 429]);
  await gateway.close();
});
