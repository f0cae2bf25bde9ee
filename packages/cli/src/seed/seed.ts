import type { Asker, History } from "./desk.ts";
import { createDesk } from "./desk.ts";
import { createChoices } from "./random.ts";
import { type Person, personOf } from "./town.ts";
import { type Customer, liveYear } from "./year.ts";

const DAY_MS = 86_400_000;

export interface SeedOptions {
  readonly history: History;
  readonly ledger: number;
  readonly accounts: number;
  readonly days: number;
  readonly seed: number;
  /** The days end with the one before this moment's. */
  readonly now: Date;
  /** Registers people and gives the ids of their users. */
  readonly register: (people: readonly Person[]) => Promise<string[]>;
  readonly onProgress: (days: number) => void;
}

export interface Seeded {
  readonly people: readonly Person[];
  readonly done: number;
  readonly refused: number;
}

/**
 * Fills an empty ledger with the life of a town: who lives there, what they earn and spend, and
 * when, follows from the seed alone. Ids are new each time, and days are counted back from today.
 */
export async function seedBank(options: SeedOptions): Promise<Seeded> {
  const { history, ledger, accounts, days, seed, now, register, onProgress } = options;
  const choices = createChoices(seed);
  const [people, lives]: [Person[], Omit<Customer, "asker">[]] = [[], []];
  for (let left = accounts; left > 0; ) {
    people.push(personOf(choices, seed, ledger, people.length + 1));
    const hasSavings = left > 1 && choices.chance(0.6);
    left -= hasSavings ? 2 : 1;
    lives.push({
      ...{ hasSavings, hasCard: choices.chance(0.85), checking: "", savings: "", card: "" },
      salary: choices.between(1_900, 5_200) * 100,
      payday: choices.between(24, 28),
    });
  }
  const ids = await register(people);
  const customers = lives.map((life, i): Customer => {
    const asker: Asker = { userId: ids[i] ?? "", role: "customer" };
    return { ...life, asker };
  });
  const today = Math.floor(now.valueOf() / DAY_MS) * DAY_MS;
  const first = new Date(today - (days + 1) * DAY_MS);
  const desk = createDesk(history);
  await liveYear({ desk, choices, ledger, customers, first, days, onDay: onProgress });
  return { people, ...desk.counts };
}
