import type { Pattern } from "./load/plan.ts";

/** One measurement of a benchmark. */
export interface Measurement {
  readonly name: string;
  readonly what: "yardstick" | "floor" | "direct" | "gateway" | "commit" | "insert";
  readonly clients: number;
  readonly pattern: Pattern;
  /** Transfers in one request. */
  readonly transfers: number;
  /** Command services that share the load. */
  readonly instances: number;
  /** With the services that read the log at work, too. */
  readonly withReadSide: boolean;
  /** Transfers a second to ask for; as many as there can be unless given. */
  readonly ratePerSecond?: number;
  /** With the audit at work, having sealed everything before, and the relay that it reads. */
  readonly withAudit: boolean;
  /** Measured in every round, because ratios are taken of it. */
  readonly isRepeated: boolean;
}

/** The measurements that ratios are taken of. */
export const NAMES = {
  yardstick: "pgbench TPC-B, 64 clients",
  floor: "floor, 64 clients",
  direct: "direct, 64 clients",
  audited: "direct, 64 clients, audit at work",
  gateway: "gateway, 64 clients",
  hot: "direct, 64 clients, one hot account",
  hotTwice: "direct, 64 clients, one hot account, two instances",
  bulk: "direct, 8 clients, bulk of 1000",
  insert: "bare inserts of 1000 transfers",
  commit: "one commit after another",
  idle: "direct, 1 client",
} as const;

/** What is compared, with a long history. */
export const AGED = `${NAMES.direct}, long history`;

const COMPARED = 64;
const [BULK_CLIENTS, BULK_SMALL, BULK_LARGE] = [8, 100, 1_000];
const OTHER_CLIENTS = [1, 32, 256];
const PLAIN = {
  clients: COMPARED,
  pattern: "uniform",
  transfers: 1,
  instances: 1,
  withReadSide: false,
  withAudit: false,
  isRepeated: false,
} as const;

/** What is measured, in this order; first those that ratios are taken of. */
export function measurements(): Measurement[] {
  const others = OTHER_CLIENTS.flatMap((clients) => {
    return (["floor", "direct", "gateway"] as const).map((what) => {
      const name = `${what}, ${clients} ${clients === 1 ? "client" : "clients"}`;
      return { ...PLAIN, name, what, clients };
    });
  });
  const repeated = { ...PLAIN, isRepeated: true };
  return [
    { ...repeated, name: NAMES.yardstick, what: "yardstick" },
    { ...repeated, name: NAMES.floor, what: "floor" },
    { ...repeated, name: NAMES.direct, what: "direct" },
    { ...repeated, name: NAMES.audited, what: "direct", withAudit: true },
    { ...repeated, name: NAMES.gateway, what: "gateway" },
    { ...repeated, name: NAMES.hot, what: "direct", pattern: "hot" },
    bulk(),
    { ...repeated, name: NAMES.insert, what: "insert", clients: 1, transfers: BULK_LARGE },
    { ...PLAIN, name: NAMES.commit, what: "commit", clients: 1 },
    ...others,
    { ...PLAIN, name: `${NAMES.direct}, ping-pong`, what: "direct", pattern: "ping-pong" },
    {
      ...{ ...PLAIN, name: `direct, ${BULK_CLIENTS} clients, bulk of ${BULK_SMALL}` },
      ...{ what: "direct", clients: BULK_CLIENTS, transfers: BULK_SMALL },
    },
    { ...PLAIN, name: NAMES.hotTwice, what: "direct", pattern: "hot", instances: 2 },
    { ...PLAIN, name: `${NAMES.direct}, two instances`, what: "direct", instances: 2 },
    { ...PLAIN, name: `${NAMES.direct}, all services`, what: "direct", withReadSide: true },
    { ...PLAIN, name: `${NAMES.gateway}, all services`, what: "gateway", withReadSide: true },
  ];
}

/** The one that everything is compared with. */
export function compared(): Measurement {
  return { ...PLAIN, name: NAMES.direct, what: "direct" };
}

export function bulk(): Measurement {
  const clients = BULK_CLIENTS;
  return {
    ...{ ...PLAIN, name: NAMES.bulk, what: "direct", clients },
    ...{ transfers: BULK_LARGE, isRepeated: true },
  };
}
