import { type Command, InvalidArgumentError } from "commander";
import { type Bank, createBank } from "../audit/bank.ts";
import { loginFor } from "../audit/login.ts";
import { CliError } from "../cli-error.ts";
import { findRunning } from "../running.ts";
import { readSettings } from "../settings.ts";

const LEDGER_MAX = 2_147_483_647;

/** Which bank is asked, and as whom. */
export interface BankOptions {
  readonly url?: string;
  readonly ledger: number;
  readonly email?: string;
  readonly otp?: string;
}

export function withBankOptions(command: Command): Command {
  return command
    .option("--url <url>", "the bank's gateway; unless given, the system of this data folder")
    .option("--ledger <number>", "the ledger", ledgerOf, 1)
    .option("--email <email>", "an auditor's login; the password is read from standard input")
    .option("--otp <code>", "the second factor of the login, where it has one");
}

/** Throws a CliError where no system runs here and none is named. */
export async function bankFor(options: BankOptions, attempts?: number): Promise<Bank> {
  const url = options.url ?? findRunning(readSettings(process.env)).gatewayUrl;
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw new CliError(`${url} is no URL.`);
  return createBank({ url, ledger: options.ledger, login: await loginFor(url, options) }, attempts);
}

function ledgerOf(text: string): number {
  const number = Number(text);
  if (/^[1-9][0-9]*$/.test(text) && number <= LEDGER_MAX) return number;
  throw new InvalidArgumentError("The number of a ledger is needed.");
}
