import { randomUUID } from "node:crypto";
import type { Asker, Desk } from "./desk.ts";
import type { Choices } from "./random.ts";
import { EMPLOYERS, SHOPS, TRANSFER_TEXTS } from "./town.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** The moments of a day, after midnight. */
const TIMES = {
  morning: 6.2 * HOUR_MS,
  noon: 12.4 * HOUR_MS,
  evening: 18.7 * HOUR_MS,
  night: 23.1 * HOUR_MS,
};

const TELLER: Asker = { userId: randomUUID(), role: "teller" };
const SECOND: Asker = { userId: randomUUID(), role: "admin" };

/** A customer with what they have at the bank, and how they live. */
export interface Customer {
  readonly asker: Asker;
  readonly hasSavings: boolean;
  readonly hasCard: boolean;
  checking: string;
  savings: string;
  card: string;
  /** In cents; so is the rent. */
  readonly salary: number;
  readonly payday: number;
}

export interface Year {
  readonly desk: Desk;
  readonly choices: Choices;
  readonly ledger: number;
  readonly customers: readonly Customer[];
  /** The first day, at midnight UTC. */
  readonly first: Date;
  readonly days: number;
  readonly onDay: (done: number) => void;
}

const euros = (cents: number) => ({ value: (cents / 100).toFixed(2), currency: "EUR" });

/** Lives so many days of a town, from the opening of its accounts on. */
export async function liveYear(year: Year): Promise<void> {
  await begin(year);
  for (let day = 0; day < year.days; day += 1) {
    await liveDay(year, day);
    year.onDay(day + 1);
  }
}

async function begin({ desk, choices, ledger, customers, first }: Year): Promise<void> {
  const at = (minutes: number) => new Date(first.valueOf() + minutes * 60_000);
  const fees = [
    { on: "withdrawal", currency: "EUR", fixed: euros(50) },
    { on: "transfer", currency: "EUR", basisPoints: 5, min: euros(5), max: euros(250) },
  ];
  const tariff = { ledger, fees, interest: [{ currency: "EUR", basisPoints: 175 }] };
  propose(desk, "/v1/tariff", tariff);
  for (const customer of customers) open(desk, ledger, customer);
  await desk.moment(at(1));
  for (const customer of customers) {
    deposit(desk, customer, choices.between(40_000, 400_000), "Opening balance");
    if (customer.hasCard) addCard(desk, customer);
    if (choices.chance(0.3)) {
      const limits = {
        dailyOutgoing: euros(150_000),
        channels: { card: { perTransaction: euros(50_000) } },
      };
      propose(desk, `/v1/accounts/${customer.checking}/limits`, limits);
    }
  }
  await desk.moment(at(2));
  for (const [i, customer] of customers.entries()) {
    const landlord = customers[(i + 1) % customers.length] ?? customer;
    order(desk, customer, landlord.checking, Math.round(customer.salary * 0.31), "Rent");
    if (customer.hasSavings) order(desk, customer, customer.savings, 5_000, "Savings plan");
  }
  await desk.moment(at(3));

  /** Rents and savings plans, on a day of every month. */
  function order(to: Desk, customer: Customer, toAccountId: string, cents: number, text: string) {
    const firstOn = new Date(first.valueOf() + choices.between(1, 27) * DAY_MS);
    const days = { firstOn: firstOn.toISOString().slice(0, 10), every: "month" };
    const parties = { fromAccountId: customer.checking, toAccountId };
    const body = { ...parties, amount: euros(cents), reference: text, ...days };
    to.later(customer.asker, "POST", "/v1/scheduled-transfers", body);
  }
}

/** Proposed by one, approved by another at the next moment. */
function propose(desk: Desk, path: string, body: object): void {
  desk.later(TELLER, "PUT", path, body, ({ proposalId }) => {
    desk.later(SECOND, "POST", `/v1/proposals/${proposalId}/approve`);
  });
}

function open(desk: Desk, ledger: number, customer: Customer): void {
  const common = { currency: "EUR", ownerId: customer.asker.userId, ledger };
  const body = { ...common, type: "checking", name: "Everyday" };
  desk.later(TELLER, "POST", "/v1/accounts", body, ({ accountId }) => {
    customer.checking = accountId;
  });
  if (!customer.hasSavings) return;
  const savings = { ...common, type: "savings", name: "Rainy days" };
  desk.later(TELLER, "POST", "/v1/accounts", savings, ({ accountId }) => {
    customer.savings = accountId;
  });
}

function deposit(desk: Desk, { asker, checking }: Customer, cents: number, reference: string) {
  const body = { amount: euros(cents), reference };
  desk.later(asker, "POST", `/v1/accounts/${checking}/deposits`, body);
}

function addCard(desk: Desk, customer: Customer): void {
  const body = { cardNumber: "4242424242424242", expiry: "2039-11", holderName: "Customer" };
  const path = `/v1/accounts/${customer.checking}/cards`;
  desk.later(customer.asker, "POST", path, body, ({ cardId }) => {
    customer.card = cardId;
    desk.later(customer.asker, "POST", `/v1/cards/${cardId}/activate`, {});
  });
}

async function liveDay({ desk, choices, customers, first }: Year, day: number): Promise<void> {
  const midnight = first.valueOf() + (day + 1) * DAY_MS;
  const date = new Date(midnight);
  const at = (time: number) => new Date(midnight + time + choices.between(0, 3_000_000));
  for (const customer of customers) {
    if (date.getUTCDate() === customer.payday) {
      deposit(desk, customer, customer.salary, `Salary ${choices.pick(EMPLOYERS)}`);
    }
  }
  const morning = at(TIMES.morning);
  await desk.work(morning);
  await desk.moment(morning);
  for (const customer of customers) shop(desk, choices, customer);
  await desk.moment(at(TIMES.noon));
  for (const customer of customers) goOut(desk, choices, customers, customer, midnight);
  await desk.moment(at(TIMES.evening));
  if (choices.chance(0.004)) steal(desk, choices, choices.pick(customers));
  await desk.moment(at(TIMES.night));
}

/** A card payment is captured at the next moment, sometimes for less, now and then never. */
function shop(desk: Desk, choices: Choices, customer: Customer): void {
  if (customer.card === "") return;
  for (const { merchant, least, most, weekly } of SHOPS) {
    if (!choices.chance(weekly / 7)) continue;
    const cents = choices.between(least, most);
    const isPaid = !choices.chance(0.03);
    const part = choices.chance(0.05) ? { amount: euros(Math.ceil(cents / 2)) } : {};
    pay(desk, customer, cents, merchant, ({ holdId }) => {
      if (isPaid) desk.later(TELLER, "POST", `/v1/holds/${holdId}/capture`, part);
      else desk.later(customer.asker, "POST", `/v1/holds/${holdId}/release`);
    });
  }
}

function pay(
  desk: Desk,
  { card }: Customer,
  cents: number,
  merchant: string,
  then?: (body: { holdId: string }) => void,
): void {
  const body = { amount: euros(cents), merchant };
  desk.later(TELLER, "POST", `/v1/cards/${card}/authorizations`, body, then);
}

function goOut(
  desk: Desk,
  choices: Choices,
  customers: readonly Customer[],
  { asker, checking }: Customer,
  midnight: number,
): void {
  if (choices.chance(0.06)) {
    const body = { amount: euros(choices.between(2, 20) * 1_000), reference: "Cash" };
    desk.later(asker, "POST", `/v1/accounts/${checking}/withdrawals`, body);
  }
  if (choices.chance(0.07)) {
    const friend = choices.pick(customers);
    if (friend.checking === checking) return;
    const amount = euros(choices.between(500, 12_000));
    const parties = { fromAccountId: checking, toAccountId: friend.checking };
    const body = { ...parties, amount, reference: choices.pick(TRANSFER_TEXTS) };
    desk.later(asker, "POST", "/v1/transfers", body);
  }
  if (choices.chance(0.008)) {
    const expiresAt = new Date(midnight + 4 * DAY_MS).toISOString();
    const hold = { amount: euros(choices.between(8_000, 40_000)), reference: "Hotel", expiresAt };
    desk.later(asker, "POST", `/v1/accounts/${checking}/holds`, hold);
  }
}

/** A stolen number: payments at night until somebody freezes the card. */
function steal(desk: Desk, choices: Choices, customer: Customer): void {
  if (customer.card === "") return;
  for (let i = 0; i < 6; i += 1) {
    pay(desk, customer, choices.between(9_000, 49_000), "GIFTCARDS-4-U", ({ holdId }) => {
      desk.later(TELLER, "POST", `/v1/holds/${holdId}/capture`);
    });
  }
  desk.later(TELLER, "POST", `/v1/cards/${customer.card}/freeze`, {});
}
