import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Settings } from "../settings.ts";
import { tableOf } from "../start/steps.ts";
import { type Generator, startGenerator } from "./load/generator.ts";
import type { LoadResult } from "./load/plan.ts";
import { type BenchSystem, doorsOf, startForBench } from "./system.ts";
import { createWorld, type World } from "./world.ts";

export interface LoginBenchOptions {
  readonly settings: Settings;
  readonly out: NodeJS.WriteStream;
  readonly signal: AbortSignal;
  /** Of one measurement. */
  readonly seconds: number;
  /** Logins that arrive while transfers are measured, answered or not. */
  readonly arrivals: number;
}

/** What logins cost, and what they cost others. */
export interface LoginReport {
  /** Logins a second when as many come as can. */
  readonly perSecond: number;
  readonly transfers: readonly {
    readonly clients: number;
    readonly alone: LoadResult;
    readonly besideLogins: LoadResult;
    /** Of the logins that arrived meanwhile. */
    readonly statuses: Readonly<Record<string, number>>;
  }[];
}

const ACCOUNTS = 512;
/** So that no user has so many sessions that old ones are ended. */
const PEOPLE = 64;
const CLIENTS = [1, 16];
const AT_ONCE = 8;
const WARM_UP_MS = 1_000;

/** Measures logins, and transfers through the gateway with and without logins beside them. */
export async function benchLogins(options: LoginBenchOptions): Promise<LoginReport> {
  const { settings, out, signal, seconds, arrivals } = options;
  const system = await startForBench(settings, out, signal, undefined);
  const generator = startGenerator();
  try {
    const world = await createWorld(doorsOf(system), ACCOUNTS, () => undefined);
    const logIn = await createLogins(system);
    const perSecond = await most(logIn, seconds);
    const transfers: LoginReport["transfers"][number][] = [];
    for (const clients of CLIENTS) {
      signal.throwIfAborted();
      const alone = await transfer(generator, system, world, clients, seconds);
      const arriving = arrive(logIn, arrivals);
      const besideLogins = await transfer(generator, system, world, clients, seconds);
      transfers.push({ clients, alone, besideLogins, statuses: await arriving.end() });
    }
    return { perSecond, transfers };
  } finally {
    generator.stop();
    await system.stop();
  }
}

/** What a login was answered. */
type LogIn = () => Promise<number>;

async function createLogins({ urls }: BenchSystem): Promise<LogIn> {
  const post = (path: string, body: object) => {
    const headers = { "content-type": "application/json" };
    return fetch(urls.gateway + path, { method: "POST", headers, body: JSON.stringify(body) });
  };
  const people = Array.from({ length: PEOPLE }, () => {
    return { email: `${randomUUID()}@bench.example`, password: randomUUID() };
  });
  for (const person of people) {
    const response = await post("/v1/auth/register", { ...person, fullName: "Bench" });
    await response.body?.cancel();
  }
  let next = 0;
  return async () => {
    next += 1;
    const response = await post("/v1/auth/login", people[next % PEOPLE] ?? {});
    await response.body?.cancel();
    return response.status;
  };
}

async function most(logIn: LogIn, seconds: number): Promise<number> {
  const until = performance.now() + seconds * 1_000;
  let done = 0;
  const worker = async () => {
    while (performance.now() < until) if ((await logIn()) === 200) done += 1;
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return done / seconds;
}

/** Begins a login every so often, whether those before it were answered or not. */
function arrive(logIn: LogIn, perSecond: number) {
  const statuses: Record<string, number> = {};
  const all: Promise<void>[] = [];
  const timer = setInterval(() => {
    const login = logIn().then((status) => {
      statuses[status] = (statuses[status] ?? 0) + 1;
    });
    all.push(login);
  }, 1_000 / perSecond);
  return {
    async end() {
      clearInterval(timer);
      await Promise.all(all);
      await delay(WARM_UP_MS);
      return statuses;
    },
  };
}

let loads = 0;

function transfer(
  generator: Generator,
  { urls }: BenchSystem,
  world: World,
  clients: number,
  seconds: number,
): Promise<LoadResult> {
  loads += 1;
  const plan = {
    ...{ clients, pattern: "uniform" as const, transfers: 1 },
    ports: [Number(new URL(urls.gateway).port)],
    payers: world.throughGateway,
    receivers: world.accounts,
    warmUpMs: WARM_UP_MS,
    runMs: seconds * 1_000,
    keyPrefix: `logins-${process.pid}-${loads}`,
  };
  return generator.run(plan, { measuring: () => undefined, measured: () => undefined });
}

/** The report as a table for people. */
export function showLogins({ perSecond, transfers }: LoginReport, arrivals: number): string {
  const rows = transfers.flatMap(({ clients, alone, besideLogins, statuses }) => {
    const { 200: good = 0, 429: shed = 0, ...other } = statuses;
    const rest = Object.entries(other).map(([status, count]) => `, ${count} answered ${status}`);
    const title = `transfers, ${clients} ${clients === 1 ? "client" : "clients"}`;
    return [
      [`${title}, alone`, latencies(alone)],
      [`${title}, ${arrivals} logins/s arriving`, latencies(besideLogins)],
      [
        "",
        `× ${ratio(besideLogins, alone, "p50")} p50, × ${ratio(besideLogins, alone, "p99")} p99`,
      ],
      ["logins meanwhile", `${good} in, ${shed} told to come again${rest.join("")}`],
    ] as [string, string][];
  });
  return tableOf([["logins as fast as they go", `${perSecond.toFixed(1)}/s`], ...rows]);
}

function latencies({ p50, p99, statuses, seconds }: LoadResult): string {
  const perSecond = (statuses[201] ?? 0) / seconds;
  return `${perSecond.toFixed(0)}/s, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
}

function ratio(one: LoadResult, other: LoadResult, what: "p50" | "p99"): string {
  return (one[what] / other[what]).toFixed(2);
}
