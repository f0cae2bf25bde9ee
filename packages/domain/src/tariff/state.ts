import { type Open, withOpen, withoutOpen } from "../four-eyes.ts";
import type { TariffEvent, TariffTable } from "./events.ts";

/** The tariff of a ledger; one that nobody has proposed anything for has no state. */
export interface Tariff extends TariffTable {
  readonly proposals?: NonNullable<Open<{ readonly tariff: TariffTable }>>;
}

/** The version of the stored form of a tariff's state. */
export const TARIFF_STATE_SCHEMA = 1;

const EMPTY: Tariff = { fees: [] };

/** The tariff after an event. Records what happened, judges nothing. */
export function evolveTariff(state: Tariff | undefined, event: TariffEvent): Tariff {
  const { proposals, ...tariff } = state ?? EMPTY;
  const { proposalId } = event.data;
  switch (event.type) {
    case "TariffProposed":
      return waiting(tariff, withOpen(proposals, event.data));
    case "TariffApproved":
      return waiting({ ...tariff, ...event.data.tariff }, withoutOpen(proposals, proposalId));
    case "TariffRejected":
      return waiting(tariff, withoutOpen(proposals, proposalId));
  }
}

function waiting(tariff: Tariff, proposals: Tariff["proposals"]): Tariff {
  return proposals === undefined ? tariff : { ...tariff, proposals };
}
