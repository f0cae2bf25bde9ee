import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { newCustomer } from "../load/customer.ts";
import type { BrokenBank } from "../system/open-system.ts";
import { type Fault, fault, type Mend, nothingToMend } from "./fault.ts";
import { fillUp } from "./fill-up.ts";

const HOUR_MS = 3_600_000;
/** Descriptors that are left to the gateway beyond those it has open. */
const SPARE_DESCRIPTORS = 3;
const QUERY_DATABASE = "countinghouse_query";
const COPY = "countinghouse_query_of_yesterday";

function clock(name: string, what: string, ms: number, only?: string): Fault {
  return fault({
    ...{ name, what, holdMs: 8_000 },
    async begin({ services }) {
      services.shiftClock(ms, only);
      return async () => services.shiftClock(0);
    },
  });
}

/** Sets how many a process may have, the soft limit, and gives what it was. */
function limitDescriptors(pid: number, most: string): string {
  const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
  const [, before = most] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  execFileSync("prlimit", ["--pid", String(pid), `--nofile=${most}:`]);
  return before;
}

/** Nobody is in the read database and nobody gets in, as long as `work` takes. */
async function alone({ postgres }: BrokenBank, work: () => Promise<unknown>): Promise<void> {
  const allow = (allowed: boolean) => {
    return postgres.query(
      "postgres",
      `ALTER DATABASE ${QUERY_DATABASE} ALLOW_CONNECTIONS ${allowed}`,
    );
  };
  await allow(false);
  await postgres.query(
    "postgres",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
    [QUERY_DATABASE],
  );
  await work();
  await allow(true);
}

async function restoreCopy(bank: BrokenBank): Promise<void> {
  const { postgres } = bank;
  await alone(bank, async () => {
    await postgres.query("postgres", `DROP DATABASE ${QUERY_DATABASE} WITH (FORCE)`);
    await postgres.query("postgres", `ALTER DATABASE ${COPY} RENAME TO ${QUERY_DATABASE}`);
  });
  await bank.provision();
}

/** Puts an event that nobody knows into the log, as a newer release or a superuser would. */
async function poison(bank: BrokenBank): Promise<void> {
  const victim = await newCustomer(bank.url);
  const body = { type: "checking", currency: "EUR" };
  const opened = await victim.command("/v1/accounts", body, randomUUID());
  if (opened?.status !== 201) throw new Error("no account could be opened to be poisoned");
  const { accountId } = JSON.parse(opened.text) as { accountId: string };
  await bank.postgres.query("countinghouse_ledger", POISON, [accountId, randomUUID()]);
  bank.poisoned.add(accountId);
}

const POISON = `
  WITH head AS (
    UPDATE ledger.log_head SET position = position + 1 WHERE ledger_id = 1
    RETURNING position, recorded_at
  ), stream AS (
    UPDATE ledger.streams SET version = version + 1
     WHERE ledger_id = 1 AND stream_id = $1::uuid RETURNING stream_id, version
  )
  INSERT INTO ledger.events
  SELECT 1, head.position, $2::uuid, stream.stream_id, stream.version, 'AccountEnchanted', 1,
         '{"spell":"unknown"}'::json, before.meta, head.recorded_at
    FROM head, stream JOIN ledger.events before
      ON before.ledger_id = 1 AND before.stream_id = stream.stream_id AND before.version = 1`;

const READ_SIDE: readonly Fault[] = [
  fault({
    name: "read-database-lost",
    what: "the read database is dropped, and made anew and empty",
    goesOn: ["commands"],
    async begin({ postgres, provision }) {
      await postgres.query("postgres", `DROP DATABASE ${QUERY_DATABASE} WITH (FORCE)`);
      return provision;
    },
  }),
  fault({
    name: "read-database-of-yesterday",
    what: "the read database is restored from an older state",
    holdMs: 8_000,
    goesOn: ["commands"],
    async begin(bank) {
      const copy = `CREATE DATABASE ${COPY} TEMPLATE ${QUERY_DATABASE}`;
      const owner = "OWNER countinghouse_query_owner";
      await alone(bank, () => bank.postgres.query("postgres", `${copy} ${owner}`));
      return () => restoreCopy(bank);
    },
  }),
  fault({
    name: "poisoned-event",
    what: "an event of an unknown type in the log; its account waits, all others go on",
    goesOn: ["commands", "queries"],
    async begin(bank) {
      await poison(bank);
      return nothingToMend;
    },
  }),
];

const LIMITS: readonly Fault[] = [
  fault({
    name: "gateway-descriptors",
    what: "the gateway may open no further file or connection",
    holdMs: 6_000,
    async begin({ services }) {
      const mends = services.names
        .filter((name) => name.startsWith("gateway"))
        .map((name): Mend => {
          const pid = services.pidOf(name);
          const most = readdirSync(`/proc/${pid}/fd`).length + SPARE_DESCRIPTORS;
          const before = limitDescriptors(pid, String(most));
          return async () => void limitDescriptors(pid, before);
        });
      return async () => {
        for (const mend of mends) await mend();
      };
    },
  }),
  fault({
    name: "logs-disk-full",
    what: "no room on the disk that the services write their logs to",
    needs: ["disks"],
    holdMs: 6_000,
    async begin({ disks }) {
      return fillUp(disks?.logs);
    },
  }),
];

export const OTHER_FAULTS: readonly Fault[] = [
  clock("clock-forward", "all clocks jump forward by an hour, and back later", HOUR_MS),
  clock("clock-back", "all clocks jump back by an hour, and forward later", -HOUR_MS),
  clock("clock-apart", "the clock of the gateway jumps forward by an hour", HOUR_MS, "gateway"),
  ...READ_SIDE,
  ...LIMITS,
];
