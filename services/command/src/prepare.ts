import { newestVersion, type Operation } from "@countinghouse/contracts";
import {
  type Account,
  type AccountEvent,
  available,
  type By,
  type Money,
  type MoneyText,
  minorUnits,
  moneyText,
  type PostingEvent,
  parseAmount,
  type ScheduleEvent,
  type TariffEvent,
  type TransferEvent,
  type When,
} from "@countinghouse/domain";
import type { NewEvent } from "@countinghouse/event-store";
import { type Call, malformed, type Scope, type UserPrincipal } from "@countinghouse/service-kit";
import type { Stream } from "./aggregates.ts";
import type { Command } from "./command.ts";
import { AGGREGATES } from "./domain-aggregates.ts";

/** The ledger that keeps the answers of commands on things that are in none. */
export const FIRST_LEDGER = 1;

interface Caller extends Pick<Call, "idempotencyKey" | "requestId" | "traceparent"> {
  readonly principal: UserPrincipal;
  readonly params: object;
  readonly body: unknown;
}

/** The parts of a command that every call gives: whose key, which request, by whom. */
export function commandOf(
  operation: Operation,
  call: Caller,
): Pick<Command, "scope" | "key" | "request" | "cause"> {
  const { principal, idempotencyKey, requestId, traceparent, params, body } = call;
  const path = operation.path.includes("{") ? filled(operation.path, params) : operation.path;
  const hasBody = operation.body !== undefined;
  const request = { method: operation.method, path, ...(hasBody && { body }) };
  return {
    scope: principal.userId,
    key: idempotencyKey,
    request: JSON.stringify(request),
    cause: {
      actor: { userId: principal.userId, roles: [...principal.roles] },
      correlationId: requestId,
      ...(traceparent !== undefined && { traceparent }),
    },
  };
}

function filled(path: string, params: object): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    return (params as Record<string, string>)[name] ?? "";
  });
}

/** The domain's word for whose accounts a call may touch. */
export function byOf(scope: Scope): By {
  return scope;
}

/** The money of a body, or of its part `at`. Throws a 400 that points at what is wrong with it. */
export function amountOf(text: MoneyText, at = ""): Money {
  return moneyOf(text, `${at}/amount`);
}

/** The money that stands at `at` in a body. Throws a 400 that points at what is wrong with it. */
export function moneyOf(text: MoneyText, at: string): Money {
  const amount = parseAmount(text);
  if (amount === "unknown_currency") throw malformed(`${at}/currency`, "is not known");
  if (amount === "malformed") throw malformed(`${at}/value`, "does not fit the currency");
  if (amount === "not_positive") throw malformed(`${at}/value`, "must be above zero");
  return amount;
}

/** A fact of the domain as the log takes it. */
export function eventOf({
  type,
  data,
}: AccountEvent | TransferEvent | ScheduleEvent | TariffEvent): NewEvent {
  return { type, schemaVersion: newestVersion(type), data: data as unknown as NewEvent["data"] };
}

/** An account's stream after facts, and the facts as the log takes them. */
export function following(stream: Stream, facts: readonly AccountEvent[]) {
  const events = facts.map(eventOf);
  const state = events.reduce(AGGREGATES.account.evolve, stream.state);
  return { events, version: stream.version + facts.length, account: state as Account };
}

/** What answers show of an account's money. */
export function shownMoney(account: Account, { now }: When) {
  const text = (minor: bigint) => moneyText(minor, account.currency);
  return { balance: text(account.balance), available: text(available(account, now)) };
}

/** What is available of an account once its balance is another. */
export function availableWith(
  account: Account | undefined,
  balance: MoneyText,
  { now }: When,
): MoneyText {
  if (account?.holds === undefined && account?.limits === undefined) return balance;
  return moneyText(available({ ...account, balance: minorUnits(balance) }, now), balance.currency);
}

/** The balance after facts of which the last is a posting. */
export function balanceAfter(facts: readonly AccountEvent[]): MoneyText {
  const { data } = facts.at(-1) as PostingEvent;
  return data.balanceAfter;
}
