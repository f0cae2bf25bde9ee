import { randomInt } from "node:crypto";
import { Command, InvalidArgumentError } from "commander";
import type { Fault } from "./faults/fault.ts";
import { FAULTS, possible } from "./faults/index.ts";
import { DEFECTS, type Defect } from "./planted/defects.ts";
import { runPlanted, showPlanted } from "./planted/planted.ts";
import { runRandom } from "./run/random.ts";
import { type RunOptions, runAll, thereIs } from "./run/run-all.ts";
import type { Result } from "./run/run-fault.ts";
import { showResults } from "./run/show.ts";

const SEEDS = 2 ** 31;

interface Given {
  readonly seed: number;
  readonly clients: number;
  readonly kafka: boolean;
  readonly twins: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
}

/** Runs the command line `chaos`. Ends with 1 when something did not hold. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const program = new Command("chaos");
  program.description("breaks the bank under load, and checks what has to hold");
  program.command("list").description("list the faults").action(list);
  withOptions(program.command("run <fault...>"))
    .description("run faults by name, one after another, or all")
    .action(async (names: string[], given: Given) => {
      const options = optionsOf(given);
      report(await runAll(faultsOf(names, options), options), given);
    });
  withOptions(program.command("random"))
    .description("break what chance chooses; the same seed chooses the same")
    .option("--minutes <n>", "how long", above(0), 10)
    .action(async (given: Given & { minutes: number }) => {
      process.stderr.write(`seed ${given.seed}\n`);
      report(await runRandom(given.minutes, optionsOf(given)), given);
    });
  program
    .command("planted [defect...]")
    .description("plant defects in a copy of the checkout: the harness has to catch each")
    .option("--seed <n>", "of all that is left to chance", above(-1), randomInt(SEEDS))
    .action(plant);
  // Servers end and disks go with a process that ends by itself, and with no other.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exit(1);
  }
}

function withOptions(command: Command): Command {
  return command
    .option("--seed <n>", "of all that is left to chance", above(-1), randomInt(SEEDS))
    .option("--clients <n>", "requests under way at once", above(0), 12)
    .option("--no-kafka", "leave Kafka out: services follow the log over HTTP")
    .option("--no-twins", "one process of each service, not two of those that may be several")
    .option("--verbose", "say what the processes do, and what came back last", false)
    .option("--json", "give the results as JSON", false);
}

function optionsOf({ seed, clients, kafka, twins, verbose }: Given): RunOptions {
  const parts = { withKafka: kafka, withTwins: twins, isVerbose: verbose };
  return { seed, clients, ...parts, out: process.stderr };
}

function faultsOf(names: readonly string[], options: RunOptions): readonly Fault[] {
  const there = possible(thereIs(options));
  if (names.includes("all")) {
    const missing = FAULTS.filter((fault) => !there.includes(fault)).map(({ name }) => name);
    if (missing.length > 0) process.stderr.write(`not run here: ${missing.join(", ")}\n`);
    return there;
  }
  return names.map((name) => {
    const found = there.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no fault ${name} here; see: chaos list`);
    return found;
  });
}

async function plant(names: string[], { seed }: { seed: number }): Promise<never> {
  const isMeant = ({ name }: Defect) => names.length === 0 || names.includes(name);
  const all = await runPlanted(DEFECTS.filter(isMeant), seed, process.stderr);
  for (const { defect, first } of all) {
    if (first !== undefined) process.stderr.write(`${defect.name}: ${first.what}\n`);
  }
  const caught = all.filter(({ isCaught }) => isCaught).length;
  process.stdout.write(`${showPlanted(all)}\nseed ${seed}: ${caught} of ${all.length} caught\n`);
  process.exit(caught === all.length ? 0 : 1);
}

function list(): void {
  for (const { name, what, needs } of FAULTS) {
    const needed = needs.length === 0 ? "" : ` (needs ${needs.join(" and ")})`;
    process.stdout.write(`${name.padEnd(28)}${what}${needed}\n`);
  }
}

function report(results: readonly Result[], { json, seed }: Given): never {
  const violations = results.flatMap((result) => result.violations);
  if (json) process.stdout.write(`${JSON.stringify({ seed, results }, undefined, 2)}\n`);
  else {
    process.stdout.write(`${showResults(results)}\nseed ${seed}: ${results.length} faults, `);
    process.stdout.write(`${violations.length} violations\n`);
  }
  process.exit(violations.length === 0 ? 0 : 1);
}

function above(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isFinite(value) && value > least) return value;
    throw new InvalidArgumentError(`It must be a number above ${least}.`);
  };
}
