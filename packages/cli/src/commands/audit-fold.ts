import { writeFileSync } from "node:fs";
import type { Account } from "@countinghouse/contracts";
import { describeFinding } from "@countinghouse/verifier";
import { type Command, InvalidArgumentError } from "commander";
import { diff } from "../audit/diff.ts";
import { existingBundle } from "../audit/folder.ts";
import { eventsOfBank, eventsOfBundle } from "../audit/log-source.ts";
import { createProgress } from "../audit/progress.ts";
import { type Replayed, replay } from "../audit/replay.ts";
import { showAccounts, showTotal } from "../audit/show.ts";
import { CliError } from "../cli-error.ts";
import { type BankOptions, bankFor, withBankOptions } from "./bank-options.ts";

const DIFFERENCES_SHOWN = 20;

interface ReplayOptions extends BankOptions {
  readonly at: Date;
  readonly account?: string;
  readonly out?: string;
}

/** `countinghouse audit replay [bundle] --at TIME` */
export function addAuditReplay(audit: Command): void {
  const command = audit
    .command("replay [bundle]")
    .description("fold the log anew up to a moment: of a bundle, else of the bank")
    .requiredOption("--at <time>", "the moment, as 2026-11-24T12:00:00Z", momentOf)
    .option("--account <id>", "show this account only")
    .option("--out <file>", "write the accounts there as JSON, one a line");
  withBankOptions(command).action(async (bundle: string | undefined, options: ReplayOptions) => {
    const events =
      bundle === undefined
        ? eventsOfBank(await bankFor(options))
        : eventsOfBundle(await existingBundle(bundle));
    const progress = createProgress("replay");
    const onProgress = (count: number) => progress.at(count, count);
    const replayed = await replay(events, options.at, onProgress).finally(() => progress.stop());
    tell(replayed, options);
  });
}

function tell({ events, accounts, totals, findings }: Replayed, options: ReplayOptions): void {
  const { at, account: id, out } = options;
  const wanted = accounts.filter(({ accountId }) => (id?.toLowerCase() ?? accountId) === accountId);
  if (wanted.length === 0 && id !== undefined) {
    throw new CliError(`There was no account ${id} at ${at.toISOString()}.`);
  }
  if (out === undefined) say(showAccounts(wanted));
  else
    writeFileSync(out, wanted.map((account: Account) => `${JSON.stringify(account)}\n`).join(""));
  say(`${events} events up to ${at.toISOString()}, ${accounts.length} accounts`);
  for (const total of totals) say(showTotal(total));
  for (const finding of findings.slice(0, DIFFERENCES_SHOWN)) say(`✘ ${describeFinding(finding)}`);
  if (findings.length > 0) throw new CliError(`${findings.length} events do not fit the others.`);
}

function momentOf(text: string): Date {
  const moment = new Date(text);
  if (/^\d{4}-\d{2}-\d{2}(T.*(Z|[+-]\d{2}:\d{2}))?$/.test(text) && !Number.isNaN(+moment)) {
    return moment;
  }
  throw new InvalidArgumentError("A moment with its time zone is needed: 2026-11-24T12:00:00Z");
}

/** `countinghouse audit diff` */
export function addAuditDiff(audit: Command): void {
  const command = audit
    .command("diff")
    .description("compare what the bank shows of its accounts with the fold of its log")
    .option("--transactions", "also every transaction of every history", false);
  withBankOptions(command).action(
    async ({ transactions, ...options }: BankOptions & { transactions: boolean }) => {
      const bank = await bankFor(options);
      const progress = createProgress("diff");
      let told = 0;
      const result = await diff(bank, {
        withTransactions: transactions,
        onDifference(sentence) {
          told += 1;
          if (told <= DIFFERENCES_SHOWN) say(`✘ ${sentence}`);
        },
        onProgress: (done, total) => progress.at(done, total),
      }).finally(() => progress.stop());
      const { accounts, transactions: compared, differences } = result;
      const histories = transactions ? ` and ${compared} transactions` : "";
      say(`${accounts} accounts${histories} compared with the log`);
      if (differences > 0) {
        throw new CliError(`${differences} differences: what is shown is not what the log makes.`);
      }
      say("What the bank shows is what its log makes.");
    },
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
