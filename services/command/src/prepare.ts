import { newestVersion, type Operation } from "@countinghouse/contracts";
import {
  type AccountEvent,
  type By,
  type Money,
  type MoneyText,
  parseAmount,
  type TransferEvent,
} from "@countinghouse/domain";
import type { NewEvent } from "@countinghouse/event-store";
import { type Call, malformed, type Scope, type UserPrincipal } from "@countinghouse/service-kit";
import type { Command } from "./command.ts";

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
  const amount = parseAmount(text);
  if (amount === "unknown_currency") throw malformed(`${at}/amount/currency`, "is not known");
  if (amount === "malformed") throw malformed(`${at}/amount/value`, "does not fit the currency");
  if (amount === "not_positive") throw malformed(`${at}/amount/value`, "must be above zero");
  return amount;
}

/** A fact of the domain as the log takes it. */
export function eventOf({ type, data }: AccountEvent | TransferEvent): NewEvent {
  return { type, schemaVersion: newestVersion(type), data: data as unknown as NewEvent["data"] };
}
