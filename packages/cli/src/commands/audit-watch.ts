import { formatVerifierKey } from "@countinghouse/transparency";
import { type Command, InvalidArgumentError } from "commander";
import { watch } from "../audit/watch.ts";
import { openMemory } from "../audit/watch-memory.ts";
import { CliError } from "../cli-error.ts";
import { type BankOptions, bankFor, withBankOptions } from "./bank-options.ts";
import { keyFrom } from "./given-files.ts";

const MS_PER_SECOND = 1_000;
const USUAL_SECONDS = 10;
/** A monitor says that it sees nothing rather than wait for long. */
const ATTEMPTS = 3;

interface WatchCommandOptions extends BankOptions {
  readonly every: number;
  readonly once: boolean;
  readonly key?: string;
  readonly state?: string;
}

/** `countinghouse audit watch` */
export function addAuditWatch(audit: Command): void {
  const command = audit
    .command("watch")
    .description("keep checking that the log only grows and that no event of it changes")
    .option("--every <seconds>", "pause between two looks", secondsOf, USUAL_SECONDS)
    .option("--state <file>", "remember there what was seen, for the next start")
    .option("--key <key>", "the verifier key that you trust, or a file that holds it")
    .option("--once", "look once, and end with status 1 after an alarm", false);
  withBankOptions(command).action(run);
}

async function run({ every, once, key: given, state, ...options }: WatchCommandOptions) {
  const bank = await bankFor(options, ATTEMPTS);
  const memory = await openMemory(state);
  const key = await bank.key();
  const trusted = given === undefined ? undefined : formatVerifierKey(await keyFrom(given));
  if (trusted !== undefined && trusted !== formatVerifierKey(key)) {
    throw new CliError(`ALARM another_key: the bank now gives ${formatVerifierKey(key)}.`);
  }
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => stopping.abort());
  }
  let alarms = 0;
  let isBlind = false;
  await watch({
    ...{ bank, key, memory, signal: stopping.signal, isOnce: once },
    everyMs: every * MS_PER_SECOND,
    observer: {
      sound: ({ size, root }) => say(`sound: ${size} events, root ${root.toString("base64")}`),
      swept: (events) => say(`all ${events} events read again`),
      alarm(code, sentence) {
        alarms += 1;
        say(`ALARM ${code}: ${sentence}`);
      },
      blind(sentence) {
        isBlind = true;
        say(`blind: ${sentence}`);
      },
    },
  });
  if (alarms > 0) throw new CliError(`${alarms} alarms.`);
  if (once && isBlind) throw new CliError("Nothing could be checked.");
}

/** With the time, since a watch goes on for long. */
function say(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError("Seconds above zero are needed.");
}
