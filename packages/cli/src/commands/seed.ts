import { randomBytes } from "node:crypto";
import { createLedger, listLedgers } from "@countinghouse/event-store";
import cliProgress from "cli-progress";
import { type Command, InvalidArgumentError } from "commander";
import { CliError } from "../cli-error.ts";
import { DATABASES, type DatabaseServer, urlFor } from "../databases.ts";
import { findRunning } from "../running.ts";
import { seedBank } from "../seed/seed.ts";
import { historyOpener, userSeeder } from "../services.ts";
import { readSettings, type Settings } from "../settings.ts";

/** What one seed may make: a year of it is some 100 million events. */
const [ACCOUNTS_MAX, DAYS_MAX] = [200_000, 3_660];

interface Wanted {
  readonly accounts: number;
  readonly days: number;
  readonly seed: number;
}

/** `countinghouse seed --accounts N --days D --seed S` */
export function addSeed(program: Command): void {
  program
    .command("seed")
    .description("fill a new ledger of the running system with a made-up town, up to yesterday")
    .option("--accounts <number>", "how many accounts", upTo(ACCOUNTS_MAX), 100)
    .option("--days <number>", "how many days", upTo(DAYS_MAX), 365)
    .option("--seed <number>", "another number is another town", upTo(2 ** 31), 1)
    .action(async (wanted: Wanted) => {
      const settings = readSettings(process.env);
      if (settings.ENVIRONMENT === "production") {
        throw new CliError("A made-up past has no place in production.");
      }
      await seed(wanted, findRunning(settings).server, settings);
    });
}

async function seed(wanted: Wanted, server: DatabaseServer, settings: Settings): Promise<void> {
  const ownerUrl = urlFor(server, DATABASES.ledger.owner, "ledger");
  // Never one that the bank uses: the past cannot come after the present, and stays there for good.
  const { ledger } = await createLedger(ownerUrl, `seed ${wanted.seed}`);
  const password = randomBytes(12).toString("base64url");
  const timeZone = settings.TIME_ZONE ?? "UTC";
  const history = await (await historyOpener())({ ownerUrl, timeZone, ledger });
  const register = await userSeeder();
  const databaseUrl = urlFor(server, "countinghouse_auth", "auth");
  const bar = barOf(wanted.days);
  const beganMs = performance.now();
  try {
    const { people, done, refused } = await seedBank({
      ...{ ...wanted, history, ledger, now: new Date(), onProgress: (days) => bar.update(days) },
      register: (all) => register({ databaseUrl, people: all, password }),
    });
    bar.stop();
    const seconds = (performance.now() - beganMs) / 1000;
    const filled = (await listLedgers(ownerUrl)).find((one) => one.ledger === ledger);
    const position = filled?.position ?? 0;
    const rate = Math.round(position / seconds);
    say(
      `${people.length} people, ${wanted.accounts} accounts, ${wanted.days} days: ledger ${ledger}`,
    );
    say(
      `${done} requests done, ${refused} refused by a rule; ${position} events, ${rate} a second`,
    );
    say(`Log in as ${people[0]?.email} or any other of them; the password is ${password}`);
  } catch (error) {
    bar.stop();
    say(
      `Ledger ${ledger} is filled in part. What is scheduled in it goes on until it is cancelled.`,
    );
    throw error;
  } finally {
    bar.stop();
    await history.close();
  }
}

function barOf(days: number): cliProgress.SingleBar {
  const bar = new cliProgress.SingleBar({
    format: "seed {bar} {percentage}% | day {value} of {total} | {eta_formatted} left",
    barsize: 30,
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 2_000,
    stream: process.stderr,
  });
  bar.start(days, 0);
  return bar;
}

function upTo(most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (Number.isSafeInteger(number) && number > 0 && number <= most) return number;
    throw new InvalidArgumentError(`A whole number from 1 to ${most} is needed.`);
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
