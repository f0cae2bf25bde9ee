import {
  ACCOUNT_STATE_SCHEMA,
  type Account,
  type AccountEvent,
  accountFromJson,
  accountToJson,
  evolveAccount,
  evolveSchedule,
  evolveTariff,
  evolveTransfer,
  type ReversedTransfer,
  SCHEDULE_STATE_SCHEMA,
  type Schedule,
  type ScheduleEvent,
  TARIFF_STATE_SCHEMA,
  type Tariff,
  type TariffEvent,
  TRANSFER_STATE_SCHEMA,
  type TransferEvent,
} from "@countinghouse/domain";
import type { Aggregates } from "./aggregates.ts";

/** How each category of streams is folded and stored: the domain's functions, by category. */
export const AGGREGATES: Aggregates = {
  account: {
    evolve: (state, event) => {
      return evolveAccount(state as Account | undefined, event as unknown as AccountEvent);
    },
    toJson: (state) => accountToJson(state as Account),
    fromJson: accountFromJson,
    schema: ACCOUNT_STATE_SCHEMA,
  },
  transfer: {
    evolve: (state, event) => {
      const mark = state as ReversedTransfer | undefined;
      return evolveTransfer(mark, event as unknown as TransferEvent);
    },
    toJson: (state) => ({ ...(state as ReversedTransfer) }),
    fromJson: (json) => json,
    schema: TRANSFER_STATE_SCHEMA,
  },
  schedule: {
    evolve: (state, event) => {
      return evolveSchedule(state as Schedule | undefined, event as unknown as ScheduleEvent);
    },
    toJson: (state) => ({ ...(state as Schedule) }),
    fromJson: (json) => json,
    schema: SCHEDULE_STATE_SCHEMA,
  },
  tariff: {
    evolve: (state, event) => {
      return evolveTariff(state as Tariff | undefined, event as unknown as TariffEvent);
    },
    toJson: (state) => ({ ...(state as Tariff) }),
    fromJson: (json) => json,
    schema: TARIFF_STATE_SCHEMA,
  },
};

/** The account of a view's stream. */
export function accountOf(stream: { readonly state: unknown } | undefined): Account | undefined {
  return stream?.state as Account | undefined;
}

/** The schedule of a view's stream. */
export function scheduleOf(stream: { readonly state: unknown } | undefined): Schedule | undefined {
  return stream?.state as Schedule | undefined;
}

/** The tariff of a view's stream. */
export function tariffOf(stream: { readonly state: unknown } | undefined): Tariff | undefined {
  return stream?.state as Tariff | undefined;
}
