import Type from "typebox";
import { MoneyShown, Uuid } from "../schemas/primitives.ts";

/*
 * What the events of the log say, one schema for each version of each type. What was released stays
 * as it is but for new optional members and better words: packages/contracts/schemas holds it.
 * Objects are open, so that a reader of today takes the optional member of tomorrow.
 */

const posting = {
  transactionId: Uuid,
  amount: MoneyShown,
  balanceAfter: MoneyShown,
};
const reference = Type.Optional(Type.String({ description: "What the customer wrote." }));
const credit = { ...posting, direction: Type.Literal("credit") };
const debit = { ...posting, direction: Type.Literal("debit") };
const transfer = {
  transferId: Uuid,
  fromAccountId: Uuid,
  toAccountId: Uuid,
  counterpartyAccountId: Uuid,
};
const reversal = { ...transfer, reversesTransferId: Uuid, reason: Type.String() };

export const AccountOpenedV1 = Type.Object({
  ownerId: Uuid,
  accountType: Type.Enum(["checking", "savings"]),
  currency: Type.String({ pattern: "^[A-Z]{3}$", examples: ["EUR"] }),
  name: Type.Optional(Type.String()),
});
export const MoneyDepositedV1 = Type.Object({ ...credit, reference });
export const MoneyWithdrawnV1 = Type.Object({ ...debit, reference });
export const TransferSentV1 = Type.Object({ ...debit, ...transfer, reference });
export const TransferReceivedV1 = Type.Object({ ...credit, ...transfer, reference });
export const ReversalSentV1 = Type.Object({ ...debit, ...reversal });
export const ReversalReceivedV1 = Type.Object({ ...credit, ...reversal });
export const AccountFrozenV1 = Type.Object({ reason: Type.String() });
export const AccountUnfrozenV1 = Type.Object({ reason: Type.String() });
export const AccountClosedV1 = Type.Object({});
export const TransferReversedV1 = Type.Object({
  transferId: Uuid,
  reversalId: Uuid,
  fromAccountId: Uuid,
  toAccountId: Uuid,
  amount: MoneyShown,
  reason: Type.String(),
});
