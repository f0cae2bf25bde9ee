import type { HoldEvent } from "../hold/events.ts";
import type { Holds } from "../hold/state.ts";
import { minorUnits } from "../money.ts";
import type { Channel } from "./events.ts";

/** Outgoing money of a day and of its month, in minor units. */
interface Sum {
  readonly today: bigint;
  readonly month: bigint;
}

/** What has gone out, in the last day in which anything did. */
export interface Used {
  readonly day: string;
  readonly sums: { readonly [Way in Channel]?: Sum };
}

const NOTHING: Sum = { today: 0n, month: 0n };
const MONTH_LENGTH = "2026-11".length;

/** What has gone out by an event on a hold: it counts when placed, what it frees counts back. */
export function evolveUsedByHold(
  used: Used | undefined,
  holds: Holds,
  event: HoldEvent,
): Used | undefined {
  if (event.type === "HoldPlaced") {
    const { amount, day, cardId } = event.data;
    return spend(used, channelOf({ cardId }), day, minorUnits(amount));
  }
  const hold = holds?.[event.data.holdId] ?? {};
  return giveBack(used, channelOf(hold), event.data.placedOn, minorUnits(event.data.freed));
}

/** A hold that is no card's pays out of the bank, or to whom it is captured: it is a withdrawal. */
function channelOf({ cardId }: { readonly cardId?: string | undefined }): Channel {
  return cardId === undefined ? "withdrawal" : "card";
}

/** What has gone out once so much more has, on a day that is not before the last one. */
export function spend(used: Used | undefined, channel: Channel, day: string, minor: bigint): Used {
  const { sums } = movedTo(used, day);
  const { today, month } = sums[channel] ?? NOTHING;
  return { day, sums: { ...sums, [channel]: { today: today + minor, month: month + minor } } };
}

/** The sums as they stand on a day: those of days and months that are over count no more. */
export function movedTo(used: Used | undefined, day: string): Used {
  if (used === undefined || monthOf(used.day) !== monthOf(day)) return { day, sums: {} };
  if (used.day === day) return used;
  const entries = Object.entries(used.sums).map(([way, { month }]) => [way, { today: 0n, month }]);
  return { day, sums: Object.fromEntries(entries) };
}

function giveBack(
  used: Used | undefined,
  channel: Channel,
  placedOn: string,
  minor: bigint,
): Used | undefined {
  if (used === undefined || minor === 0n) return used;
  if (monthOf(placedOn) !== monthOf(used.day)) return used;
  const { today, month } = used.sums[channel] ?? NOTHING;
  const isToday = placedOn === used.day;
  const sum = { today: isToday ? today - minor : today, month: month - minor };
  return { ...used, sums: { ...used.sums, [channel]: sum } };
}

function monthOf(day: string): string {
  return day.slice(0, MONTH_LENGTH);
}

/** The sums as JSON can hold them. */
export function usedToJson({ day, sums }: Used): Record<string, unknown> {
  const json: Record<string, unknown> = { day };
  for (const way in sums) {
    const { today, month } = sums[way as Channel] ?? NOTHING;
    json[way] = [String(today), String(month)];
  }
  return json;
}

/** The sums that usedToJson wrote. */
export function usedFromJson({ day, ...json }: Readonly<Record<string, unknown>>): Used {
  const entries = Object.entries(json).map(([way, pair]) => {
    const [today = "", month = ""] = pair as string[];
    return [way, { today: BigInt(today), month: BigInt(month) }];
  });
  return { day: day as string, sums: Object.fromEntries(entries) };
}
