// These names are the storage format of the log: add, never rename.
import type { MoneyText } from "../money.ts";

/** The one event of a transfer's own stream; a transfer has a stream once it is reversed. */
export interface TransferReversed {
  readonly type: "TransferReversed";
  readonly data: {
    readonly transferId: string;
    readonly reversalId: string;
    readonly fromAccountId: string;
    readonly toAccountId: string;
    readonly amount: MoneyText;
    readonly reason: string;
  };
}

export type TransferEvent = TransferReversed;
