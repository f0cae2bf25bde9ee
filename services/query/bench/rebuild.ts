// How many events a second a rebuild takes: node services/query/bench/rebuild.ts [events]
import { logPagesOf } from "@countinghouse/cli";
import { createLogger } from "@countinghouse/service-kit";
import { writeLog } from "@countinghouse/testing/world";
import pg from "pg";
import { rebuild } from "../src/rebuild/rebuild.ts";
import { openWorld } from "./world.ts";

const PAIRS = 10_000;

const wanted = Number(process.argv[2] ?? 1_000_000);
const world = await openWorld();
const pool = new pg.Pool({ connectionString: world.urls.relay });
pool.on("error", () => undefined);
try {
  const rounds = Math.ceil(wanted / (2 * PAIRS));
  const events = await writeLog(world, { pairs: PAIRS, rounds });
  const began = performance.now();
  const marks: string[] = [];
  const mark = (what: string) => {
    marks.push(`${what} ${((performance.now() - began) / 1000).toFixed(1)} s`);
  };
  const { owner: ownerUrl, projector: projectorUrl } = world.urls;
  const deps = {
    ownerUrl,
    projectorUrl,
    log: logPagesOf(pool),
    logger: createLogger("bench", { LOG_LEVEL: "warn" }),
  };
  await rebuild(deps, { onPhase: (phase) => mark(`${phase} from`) });
  mark("done at");
  const seconds = (performance.now() - began) / 1000;
  process.stdout.write(`${marks.join(", ")}\n`);
  process.stdout.write(`${events} events in ${seconds.toFixed(1)} s: `);
  process.stdout.write(`${Math.round(events / seconds)} events/s\n`);
} finally {
  await pool.end();
  await world.close();
}
