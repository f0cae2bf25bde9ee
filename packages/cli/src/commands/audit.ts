import { ReceiptError, verifyBundle, verifyReceipt } from "@countinghouse/verifier";
import type { Command } from "commander";
import { exportBundle } from "../audit/export.ts";
import { bundleFolder, existingBundle } from "../audit/folder.ts";
import { createProgress } from "../audit/progress.ts";
import { showVerdict } from "../audit/show.ts";
import { CliError } from "../cli-error.ts";
import { addAuditDiff, addAuditReplay } from "./audit-fold.ts";
import { addAuditStatement } from "./audit-statement.ts";
import { addAuditWatch } from "./audit-watch.ts";
import { type BankOptions, bankFor, withBankOptions } from "./bank-options.ts";
import { checkpointFrom, keyFrom, textOf } from "./given-files.ts";

/** `countinghouse audit export|verify|replay|diff|statement|receipt verify|watch …` */
export function addAudit(program: Command): void {
  const audit = program.command("audit").description("prove what the log says, and check it");
  addExport(audit);
  addVerify(audit);
  addAuditReplay(audit);
  addAuditDiff(audit);
  addAuditStatement(audit);
  addReceipt(audit);
  addAuditWatch(audit);
}

function addExport(audit: Command): void {
  const command = audit
    .command("export <bundle>")
    .description("write a folder that proves the log; one that was interrupted is taken up")
    .option("--accounts", "also the accounts as the bank shows them, to be compared", false);
  withBankOptions(command).action(
    async (bundle: string, { accounts, ...options }: BankOptions & { accounts: boolean }) => {
      const bank = await bankFor(options);
      const progress = createProgress("export");
      const exported = await exportBundle({
        bank,
        folder: bundleFolder(bundle.replace(/\/+$/, "") || "/"),
        withAccounts: accounts,
        onProgress: (events, size) => progress.at(events, size),
      }).finally(() => progress.stop());
      const { checkpoint, missing, isResumed } = exported;
      if (isResumed) say("An export that was interrupted was taken up.");
      say(`${checkpoint.size} events of ${checkpoint.origin} in ${bundle}`);
      if (missing > 0) say(`ALARM: the log has ${missing} events fewer than were sealed.`);
      say(`Next, without the bank: countinghouse audit verify ${bundle}`);
    },
  );
}

function addVerify(audit: Command): void {
  audit
    .command("verify <bundle>")
    .description("check a bundle without network and database: all hashes, all accounts")
    .option("--against <file>", "a checkpoint that was seen before: the log must begin with it")
    .option("--key <key>", "the verifier key that you trust, or a file that holds it")
    .option("--json", "print the verdict as JSON", false)
    .action(
      async (
        path: string,
        { against, key, json }: { against?: string; key?: string; json: boolean },
      ) => {
        const folder = await existingBundle(path);
        const trusted = key === undefined ? undefined : await keyFrom(key);
        const older = against === undefined ? undefined : await checkpointFrom(against);
        const size = Number(/\n(\d+)\n/.exec(String(await folder.read("checkpoint")))?.[1] ?? 0);
        const progress = createProgress("verify");
        const verdict = await verifyBundle(folder.read, {
          ...(trusted !== undefined && { key: trusted }),
          ...(older !== undefined && { against: older }),
          onProgress: (events) => progress.at(events, Math.max(size, events)),
        }).finally(() => progress.stop());
        if (json) {
          const { root, counts, ...rest } = verdict;
          const asJson = { root: root?.toString("base64"), counts: Object.fromEntries(counts) };
          say(JSON.stringify({ ...rest, ...asJson }, undefined, 2));
        } else {
          say(showVerdict(verdict, trusted !== undefined));
        }
        if (!verdict.isClean) process.exitCode = 1;
      },
    );
}

function addReceipt(audit: Command): void {
  audit
    .command("receipt")
    .description("what a customer keeps to prove a transaction")
    .command("verify <file>")
    .description("check a receipt without the bank")
    .option("--key <key>", "the verifier key that you trust, or a file that holds it")
    .action(async (path: string, { key }: { key?: string }) => {
      const text = await textOf(path);
      const trusted = key === undefined ? undefined : await keyFrom(key);
      try {
        const { event, size, origin, verifierKey } = verifyReceipt(text, trusted);
        say(`${event.type} at position ${event.position} of ${origin}, ${event.recordedAt}`);
        say(JSON.stringify(event.data, undefined, 2));
        say(`signed for in a checkpoint of ${size} events by ${verifierKey}`);
        if (trusted === undefined) {
          say("The key is the one in the receipt; with --key it is compared with one you trust.");
        }
        say("GENUINE: the bank has sealed this event.");
      } catch (cause) {
        if (cause instanceof ReceiptError) throw new CliError(`WORTHLESS: ${cause.message}.`);
        throw cause;
      }
    });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
