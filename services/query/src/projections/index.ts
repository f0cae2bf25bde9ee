import { accountsProjection } from "./accounts/apply.ts";
import { cardsProjection } from "./cards/apply.ts";
import { dailyBalancesProjection } from "./daily-balances/apply.ts";
import { entriesProjection } from "./entries/apply.ts";
import { generalLedgerProjection } from "./general-ledger/apply.ts";
import { holdsProjection } from "./holds/apply.ts";
import type { Projection } from "./projection.ts";
import { proposalsProjection } from "./proposals/apply.ts";

/** Every read model of this service, in the order in which a batch is applied to them. */
export const projections: readonly Projection[] = [
  accountsProjection,
  entriesProjection,
  dailyBalancesProjection,
  generalLedgerProjection,
  holdsProjection,
  proposalsProjection,
  cardsProjection,
];
