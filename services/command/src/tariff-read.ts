import { makeLedgerId, type Tariff } from "@countinghouse/domain";
import type { EventStore } from "@countinghouse/event-store";
import type { Read } from "./command.ts";
import { AGGREGATES, tariffOf } from "./domain-aggregates.ts";

const reads = new Map<number, Read>();
const NOTHING = new Uint8Array(8);

/** The stream of a ledger's tariff: one for each, whose id nothing else can have. */
export function tariffRead(ledger: number): Read {
  const known = reads.get(ledger);
  if (known !== undefined) return known;
  const read: Read = { category: "tariff", ledger, streamId: makeLedgerId(0, ledger, NOTHING) };
  reads.set(ledger, read);
  return read;
}

/** The tariff of a ledger as it is in the log at this moment. */
export async function loadTariff(
  store: Pick<EventStore, "load" | "eventsOf">,
  ledger: number,
): Promise<Tariff | undefined> {
  const { streamId } = tariffRead(ledger);
  const found = (await store.load([{ ledger, streamId }])).get(streamId);
  if (found === undefined) return undefined;
  const { fromJson, evolve, schema } = AGGREGATES.tariff;
  if (found.stateSchema === schema) return tariffOf({ state: fromJson(found.state) });
  const events = await store.eventsOf({ ledger, streamId });
  return tariffOf({ state: events.reduce(evolve, undefined as unknown) });
}
