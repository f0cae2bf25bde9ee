import { writeFileSync } from "node:fs";
import type { Envelope } from "@countinghouse/contracts";
import { boundsOfMonth } from "@countinghouse/service-kit";
import { foldStatement, type MonthBounds, UnfoldableError } from "@countinghouse/verifier";
import { type Command, InvalidArgumentError } from "commander";
import { existingBundle } from "../audit/folder.ts";
import { eventsOfBundle } from "../audit/log-source.ts";
import { createProgress } from "../audit/progress.ts";
import { CliError } from "../cli-error.ts";

interface StatementOptions {
  readonly account: string;
  readonly month: string;
  readonly timeZone: string;
  readonly out?: string;
}

/** `countinghouse audit statement <bundle> --account ID --month 2026-11` */
export function addAuditStatement(audit: Command): void {
  audit
    .command("statement <bundle>")
    .description("the statement of a closed month from a bundle alone, as the bank's JSON")
    .requiredOption("--account <id>", "whose statement")
    .requiredOption("--month <month>", "as 2026-11", monthOf)
    .option("--time-zone <zone>", "whose month it is: the bank's TIME_ZONE", "UTC")
    .option("--out <file>", "write it there, byte for byte as the bank gives it")
    .action(async (path: string, options: StatementOptions) => {
      const { account, month, timeZone, out } = options;
      const bounds = { month, ...boundsIn(timeZone, month) };
      const events = eventsOfBundle(await existingBundle(path));
      const own = await eventsUntil(events, account.toLowerCase(), bounds);
      const text = folded(own, bounds);
      if (out === undefined) process.stdout.write(`${text}\n`);
      else writeFileSync(out, text);
    });
}

/** An account's events of before the end of a month, of which the bundle has to have all. */
async function eventsUntil(
  events: AsyncIterable<Envelope>,
  accountId: string,
  { month, end }: MonthBounds,
): Promise<Envelope[]> {
  const progress = createProgress("statement");
  const own: Envelope[] = [];
  let count = 0;
  try {
    for await (const event of events) {
      // Times never go back in a log: from here on all is of later months.
      if (new Date(event.recordedAt) >= end) return own;
      if (event.streamId === accountId) own.push(event);
      count += 1;
      progress.at(count, count);
    }
  } finally {
    progress.stop();
  }
  throw new CliError(`The bundle ends before ${month} does: more may have come in that month.`);
}

function folded(own: readonly Envelope[], bounds: MonthBounds): string {
  try {
    return JSON.stringify(foldStatement(own, bounds));
  } catch (cause) {
    if (!(cause instanceof UnfoldableError)) throw cause;
    throw new CliError(`There is no statement of ${bounds.month}: ${cause.message}.`, { cause });
  }
}

function boundsIn(timeZone: string, month: string): { start: Date; end: Date } {
  try {
    return boundsOfMonth(timeZone, month);
  } catch (cause) {
    throw new CliError(`${timeZone} is no time zone.`, { cause });
  }
}

function monthOf(text: string): string {
  if (/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) return text;
  throw new InvalidArgumentError("A month is needed: 2026-11");
}
