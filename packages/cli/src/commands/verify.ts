import cliProgress from "cli-progress";
import Table from "cli-table3";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { findServer } from "../running.ts";
import { readSettings } from "../settings.ts";
import { type Verification, verifySystem } from "../verify/verify.ts";

const NO_TTY_MS = 2_000;

/** `countinghouse verify [--json]` */
export function addVerify(program: Command): void {
  program
    .command("verify")
    .description("check the log, and that read tables, Kafka and the tree are what it makes them")
    .option("--json", "print what was found as JSON", false)
    .action(async ({ json }: { json: boolean }) => {
      const settings = readSettings(process.env);
      const server = findServer(settings);
      const bar = new cliProgress.SingleBar({
        format: "{phase} {bar} {percentage}% | {value} of {total}",
        ...{ barsize: 30, hideCursor: true, stream: process.stderr },
        ...{ noTTYOutput: !process.stderr.isTTY, notTTYSchedule: NO_TTY_MS },
      });
      bar.start(0, 0, { phase: "" });
      const onProgress = (phase: string, done: number, all: number) => {
        bar.setTotal(all);
        bar.update(done, { phase });
      };
      const verification = await verifySystem({ settings, server, onProgress }).finally(() => {
        bar.stop();
      });
      const text = json ? JSON.stringify(verification, undefined, 2) : show(verification);
      process.stdout.write(`${text}\n`);
      if (!verification.holds) throw new CliError("The system is not as it has to be.");
    });
}

function show({ checks, events, notRun, holds }: Verification): string {
  const table = new Table({
    head: ["part", "rule", "looked at", "holds"],
    style: { head: [], border: [] },
  });
  for (const { area, rule, seen, wrong } of checks) {
    table.push([area, rule, seen, wrong === 0 ? "✔" : `✘ ${wrong}`]);
  }
  const faults = checks.flatMap(({ area, first, wrong }) => [
    ...first.map((what) => `✘ ${area}: ${what}`),
    ...(wrong > first.length ? [`✘ ${area}: ${wrong - first.length} more`] : []),
  ]);
  const left = notRun.map((what) => `not looked at: ${what}`);
  const verdict = holds ? `All holds, over ${events} events.` : "Not all holds.";
  return [table.toString(), ...faults, ...left, verdict].join("\n");
}
