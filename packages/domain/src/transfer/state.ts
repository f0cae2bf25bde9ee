import type { TransferEvent } from "./events.ts";

/** A transfer that has been reversed; one that has not has no state. */
export interface ReversedTransfer {
  readonly reversalId: string;
}

/** The version of the stored form of a transfer's state. */
export const TRANSFER_STATE_SCHEMA = 1;

/** The transfer after an event. */
export function evolveTransfer(
  _: ReversedTransfer | undefined,
  event: TransferEvent,
): ReversedTransfer {
  return { reversalId: event.data.reversalId };
}
