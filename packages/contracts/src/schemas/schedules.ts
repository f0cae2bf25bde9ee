import Type, { type Static } from "typebox";
import { AmountToMove, Day, MoneyShown, page, Reference, strict, Uuid } from "./primitives.ts";

/** How many occurrences a schedule may count. */
export const OCCURRENCES_MAX = 1_200;
/** How many occurrences to come a schedule without an end shows, and how many past ones any. */
export const OCCURRENCES_SHOWN = { planned: 12, past: 366 } as const;

const Every = Type.Enum(["day", "week", "month"]);
const order = {
  fromAccountId: Uuid,
  toAccountId: Uuid,
  reference: Type.Optional(Reference),
  firstOn: Day,
  every: Type.Optional(Every),
  count: Type.Optional(Type.Integer({ minimum: 1, maximum: OCCURRENCES_MAX })),
};

export const Scheduling = strict({ ...order, amount: AmountToMove });
export const Scheduled = strict({ scheduleId: Uuid });

export const Schedule = strict({
  scheduleId: Uuid,
  ...order,
  amount: MoneyShown,
  status: Type.Enum(["active", "finished", "cancelled"]),
  nextOn: Type.Union([Day, Type.Null()]),
  occurrences: Type.Array(
    strict({
      on: Day,
      status: Type.Enum(["planned", "done", "refused"]),
      transferId: Type.Optional(Uuid),
      code: Type.Optional(Type.String()),
    }),
  ),
});
export type Schedule = Static<typeof Schedule>;
export const Schedules = page(Schedule);
