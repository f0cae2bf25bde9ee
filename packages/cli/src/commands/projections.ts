import { createLogger } from "@countinghouse/service-kit";
import cliProgress from "cli-progress";
import { type Command, InvalidArgumentError } from "commander";
import pg from "pg";
import { CliError } from "../cli-error.ts";
import { DATABASES, urlFor } from "../databases.ts";
import { lineOf } from "../projections/difference-line.ts";
import { logPagesOf } from "../projections/log-pages.ts";
import type { ProjectionsTool, ToolDeps } from "../projections/tool.ts";
import { findServer } from "../running.ts";
import { projectionsTool } from "../services.ts";
import { readSettings } from "../settings.ts";
import { tableOf } from "../start/steps.ts";

const SHOWN_USUAL = 20;
/** Connections that read the log; as many pages are read ahead. */
const LOG_CONNECTIONS = 4;

/** `countinghouse projections rebuild|verify|switch|rollback|parked …` */
export function addProjections(program: Command): void {
  const projections = program.command("projections").description("the read tables");
  projections
    .command("rebuild")
    .description("build the read tables anew from the log, beside the live ones")
    .option("--rate <events>", "events a second at most", positive)
    .action(({ rate }: { rate?: number }) => withTool((tool, deps) => rebuild(tool, deps, rate)));
  projections
    .command("verify")
    .description("compare every row of the live read tables with those that were rebuilt")
    .option("--show <rows>", "differences of a table to show", positive, SHOWN_USUAL)
    .action(({ show }: { show: number }) => withTool((tool, deps) => verify(tool, deps, show)));
  projections
    .command("switch")
    .description("make the rebuilt read tables the live ones, and keep those that were")
    .action(() => {
      return withTool(async (tool, deps) => {
        await tool.switchOver(deps);
        say("The rebuilt read tables are live; those that were are kept for: projections rollback");
      });
    });
  projections
    .command("rollback")
    .description("make the read tables of before the last switch the live ones again")
    .action(() => {
      return withTool(async (tool, deps) => {
        await tool.rollBack(deps);
        say("The read tables of before the last switch are live again.");
      });
    });
  addParked(projections);
}

function addParked(projections: Command): void {
  const parked = projections
    .command("parked")
    .description("accounts whose next event cannot be applied to the read tables");
  parked
    .command("list")
    .description("list them, and why")
    .action(() => withTool(listParked));
  parked
    .command("inspect <accountId>")
    .description("show one of them, and the events that wait")
    .action((id: string) => withTool((tool, deps) => inspectParked(tool, deps, id)));
  parked
    .command("release [accountId]")
    .description("try all of them again, or one")
    .action((id?: string) => {
      return withTool(async (tool, deps) => {
        const released = await tool.releaseParked(deps, id?.toLowerCase());
        const left = (await tool.listParked(deps)).length;
        say(`${released} released, ${left} still parked.`);
      });
    });
}

function positive(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("A whole number above zero is needed.");
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function withTool(
  work: (tool: ProjectionsTool, deps: ToolDeps) => Promise<void>,
): Promise<void> {
  const server = findServer(readSettings(process.env));
  const tool = await projectionsTool();
  const pool = new pg.Pool({
    connectionString: urlFor(server, "countinghouse_relay", "ledger"),
    max: LOG_CONNECTIONS,
  });
  pool.on("error", () => undefined);
  try {
    await work(tool, {
      ownerUrl: urlFor(server, DATABASES.query.owner, "query"),
      projectorUrl: urlFor(server, "countinghouse_projector", "query"),
      log: logPagesOf(pool),
      logger: createLogger("countinghouse", { LOG_LEVEL: "silent" }),
    });
  } catch (cause) {
    const { code, message } = cause as Error & { code?: string };
    throw code === "rebuild_refused" ? new CliError(message, { cause }) : cause;
  } finally {
    await pool.end();
  }
}

async function rebuild(tool: ProjectionsTool, deps: ToolDeps, rate?: number): Promise<void> {
  const bar = new cliProgress.SingleBar({
    format: "{phase} {bar} {percentage}% | {value} of {total} events | {seconds} s",
    barsize: 30,
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 2_000,
    stream: process.stdout,
  });
  const beganMs = performance.now();
  const seconds = () => ((performance.now() - beganMs) / 1000).toFixed(1);
  let phase = "";
  bar.start(0, 0, { phase, seconds: seconds() });
  const { parked } = await tool
    .rebuild(deps, {
      rate,
      onPhase(next) {
        phase = next;
        bar.update({ phase, seconds: seconds() });
      },
      onProgress({ done, total }) {
        bar.setTotal(total);
        bar.update(done, { phase, seconds: seconds() });
      },
    })
    .finally(() => bar.stop());
  if (parked.length > 0) say(`${parked.length} accounts are parked in the rebuilt tables.`);
  say(`Rebuilt in ${seconds()} s. Next: projections verify, projections switch`);
}

async function verify(tool: ProjectionsTool, deps: ToolDeps, shownMax: number): Promise<void> {
  const comparisons = await tool.verify(deps, {
    shownMax,
    onTable({ table, rows, differing, first }) {
      say(`${table}: ${rows} rows, ${differing === 0 ? "all equal" : `${differing} differ`}`);
      for (const difference of first) say(`  ${lineOf(difference)}`);
    },
  });
  const differing = comparisons.reduce((sum, comparison) => sum + comparison.differing, 0);
  if (differing > 0) throw new CliError(`${differing} rows are not what the log makes them.`);
  say("The read tables are what the log makes them.");
}

async function listParked(tool: ProjectionsTool, deps: ToolDeps): Promise<void> {
  const parked = await tool.listParked(deps);
  if (parked.length === 0) return say("No account is parked.");
  const rows = parked.map(({ accountId, version, reason, parkedAt }): [string, string] => {
    return [accountId, `version ${version}: ${reason} (since ${parkedAt.toISOString()})`];
  });
  say(tableOf(rows));
}

async function inspectParked(tool: ProjectionsTool, deps: ToolDeps, id: string): Promise<void> {
  const found = await tool.inspectParked(deps, id.toLowerCase());
  if (found === undefined) throw new CliError(`Account ${id} is not parked.`);
  const { waiting, ...parked } = found;
  say(JSON.stringify(parked, undefined, 2));
  say(`${waiting.length} events wait, the first of them:`);
  for (const event of waiting.slice(0, SHOWN_USUAL)) say(JSON.stringify(event));
}
