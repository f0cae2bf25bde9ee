import { writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { bench } from "../bench/bench.ts";
import { benchLag } from "../bench/lag.ts";
import { benchLogins, showLogins } from "../bench/logins.ts";
import { show, showLag } from "../bench/show.ts";
import { CliError } from "../cli-error.ts";
import { readSettings } from "../settings.ts";

/** `countinghouse bench` */
export function addBench(program: Command): void {
  program
    .command("bench")
    .description("measure transfers on this machine against pgbench and a bare HTTP server")
    .option("--running", "measure the system that runs here; its bank keeps what is made", false)
    .option("--accounts <n>", "accounts to move money between", atLeast(128), 10_000)
    .option("--seconds <n>", "seconds of each measurement", atLeast(1), 8)
    .option("--rounds <n>", "how often to measure what ratios are taken of", atLeast(1), 3)
    .option("--history <events>", "fill the log and measure once more", atLeast(0), 0)
    .option("--soak <minutes>", "steady load at the end, with the memory watched", atLeast(0), 0)
    .option("--only <text>", "measure only what has this text in its name", "")
    .option("--profile <folder>", "write a processor profile of each service there")
    .option("--logins", "measure logins, and transfers with logins beside them, instead", false)
    .option("--arrivals <n>", "logins that arrive in a second meanwhile", atLeast(1), 50)
    .option("--lag", "measure how soon the read tables show what was acknowledged, instead", false)
    .option("--json <file>", "write all figures to this file, too")
    .action(async ({ json, running, logins, arrivals, lag, ...numbers }) => {
      const stopping = new AbortController();
      process.once("SIGINT", () => stopping.abort(new CliError("Stopped.")));
      const settings = readSettings(process.env);
      const common = { settings, out: process.stderr, signal: stopping.signal };
      if (logins) {
        const found = await benchLogins({ ...common, seconds: numbers.seconds, arrivals });
        if (json !== undefined) writeFileSync(json, `${JSON.stringify(found, undefined, 2)}\n`);
        process.stdout.write(`${showLogins(found, arrivals)}\n`);
        process.exit(0);
      }
      const report = lag
        ? await benchLag({ ...common, ...numbers })
        : await bench({ ...common, ...numbers, isRunning: running });
      if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, undefined, 2)}\n`);
      process.stdout.write(`${"lags" in report ? showLag(report) : show(report)}\n`);
      const broken = report.invariants.filter(({ holds }) => !holds);
      if (broken.length > 0) throw new CliError("The log is not as it has to be.");
      process.exit(0);
    });
}

function atLeast(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} on.`);
  };
}
