import type { BrokenBank } from "../system/open-system.ts";
import { type Fault, fault } from "./fault.ts";
import { fillUp } from "./fill-up.ts";

const ALL = />postgres$/;
const OF_COMMAND = /^command.*>postgres$/;
/** In microseconds: what each commit waits for others to join it. */
const COMMIT_DELAY_US = 100_000;

async function setCommitDelay({ postgres }: BrokenBank, us: number): Promise<void> {
  await postgres.query("postgres", `ALTER SYSTEM SET commit_delay = ${us}`);
  await postgres.query("postgres", "ALTER SYSTEM SET commit_siblings = 0");
  await postgres.query("postgres", "SELECT pg_reload_conf()");
}

export const POSTGRES_FAULTS: readonly Fault[] = [
  fault({
    name: "postgres-killed",
    what: "kill -9 of PostgreSQL",
    async begin({ postgres }) {
      await postgres.kill();
      return () => postgres.start();
    },
  }),
  fault({
    name: "postgres-stopped",
    what: "PostgreSQL stopped in good order, for longer",
    holdMs: 12_000,
    async begin({ postgres }) {
      await postgres.stop();
      return () => postgres.start();
    },
  }),
  fault({
    name: "postgres-paused",
    what: "SIGSTOP of all of PostgreSQL",
    holdMs: 14_000,
    async begin({ postgres }) {
      postgres.pause();
      return async () => postgres.resume();
    },
  }),
  fault({
    name: "postgres-refuses",
    what: "PostgreSQL takes no connection, and those there were are gone",
    async begin({ wires }) {
      await wires.become(ALL, { kind: "refusing" });
      return () => wires.mend();
    },
  }),
  fault({
    name: "postgres-silent",
    what: "half-open connections to PostgreSQL",
    holdMs: 14_000,
    async begin({ wires }) {
      await wires.become(ALL, { kind: "silent" });
      return () => wires.mend();
    },
  }),
  fault({
    name: "postgres-loses-commits",
    what: "connections reset after the commit and before its answer",
    holdMs: 8_000,
    async begin({ wires }) {
      await wires.become(OF_COMMAND, { kind: "losing", chance: 0.2 });
      return () => wires.mend();
    },
  }),
  fault({
    name: "postgres-slow-commits",
    what: "every commit takes 100 ms longer",
    holdMs: 8_000,
    goesOn: ["commands", "queries"],
    async begin(bank) {
      await setCommitDelay(bank, COMMIT_DELAY_US);
      return () => setCommitDelay(bank, 0);
    },
  }),
  fault({
    name: "postgres-disk-full",
    what: "no room on the disk of PostgreSQL",
    needs: ["disks"],
    holdMs: 8_000,
    async begin({ disks, postgres }) {
      const stopFilling = fillUp(disks?.postgres);
      return async () => {
        await stopFilling();
        // A server that finds no room for its write-ahead log ends; it is started again, as one
        // that was killed.
        const isThere = await postgres.query("postgres", "SELECT 1").catch(() => undefined);
        if (isThere === undefined) await postgres.start();
      };
    },
  }),
];
