import { EVENTS, type Order } from "../load/orders.ts";
import type { Findings } from "./findings.ts";
import type { Ledger, Logged } from "./log.ts";

/** What became of the commands of a load. */
export interface Outcome {
  readonly lost: number;
  readonly doubled: number;
}

/**
 * Looks for every order in the log by the mark that its events carry, and for its answer among
 * those that are kept. Asked for when every order has been answered.
 */
export function checkOrders(
  orders: readonly Order[],
  { events, answers }: Ledger,
  found: Findings,
): Outcome {
  const marks = marksOf(events);
  let [lost, doubled] = [0, 0];
  for (const order of orders) {
    const { key, kind, mark, given } = order;
    const [first] = given;
    if (first === undefined) {
      const there = marks.get(nameOf(kind, mark)) ?? 0;
      if (there === 0 || there === EVENTS[kind]) continue;
      found.add("unanswered once", `${kind} ${key}: ${there} events, not ${EVENTS[kind]}`);
      doubled += there > EVENTS[kind] ? 1 : 0;
      continue;
    }
    const isDone = first.status < 300;
    const wanted = isDone ? EVENTS[kind] : 0;
    const there = marks.get(nameOf(kind, mark)) ?? 0;
    const what = `${kind} ${key}: ${there} events, not ${wanted}`;
    if (there < wanted) lost += 1;
    if (there > wanted) doubled += 1;
    if (there !== wanted) found.add(isDone ? "acknowledged once" : "unanswered once", what);
    const kept = answers.get(key);
    if (kept === undefined) {
      found.add("acknowledged once", `${kind} ${key}: its answer is not kept`);
    } else if (kept.text !== first.text || kept.token !== first.token) {
      found.add("same answers", `${kind} ${key}: ${first.text} was given, ${kept.text} is kept`);
    }
  }
  checkUnknown(orders, events, found);
  return { lost, doubled };
}

/** Events that look like the load's and belong to no order. */
function checkUnknown(orders: readonly Order[], events: readonly Logged[], found: Findings): void {
  const known = new Set(orders.map(({ mark }) => mark));
  const run = orders[0]?.key.split("-")[0];
  if (run === undefined) return;
  for (const { data, position } of events) {
    const { reference } = data;
    if (reference?.startsWith(`${run}-`) && !known.has(reference)) {
      found.add("unanswered once", `position ${position} has ${reference}, which nobody sent`);
    }
  }
}

const KINDS: Readonly<Record<string, Order["kind"]>> = {
  MoneyDeposited: "deposit",
  MoneyWithdrawn: "withdrawal",
  TransferSent: "transfer",
  TransferReceived: "transfer",
  HoldPlaced: "hold",
  HoldCaptured: "capture",
  HoldReleased: "release",
};

function marksOf(events: readonly Logged[]): Map<string, number> {
  const marks = new Map<string, number>();
  for (const { type, data } of events) {
    const kind = KINDS[type];
    if (kind === undefined) continue;
    const isOfHold = kind === "capture" || kind === "release";
    const name = nameOf(kind, (isOfHold ? data.holdId : data.reference) ?? "");
    marks.set(name, (marks.get(name) ?? 0) + 1);
  }
  return marks;
}

function nameOf(kind: Order["kind"], mark: string): string {
  return `${kind} ${mark}`;
}
