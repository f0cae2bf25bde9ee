import Type, { type Static, type TSchema } from "typebox";

/** An object that takes no members but its own. */
export function strict<T extends Record<string, TSchema>>(members: T) {
  return Type.Object(members, { additionalProperties: false });
}

const UUID_PATTERN =
  "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";

/** A UUID (RFC 9562) in its text form. */
export const Uuid = Type.String({
  pattern: UUID_PATTERN,
  examples: ["019ab5f0-7c3e-8001-a2b4-5f6e7d8c9b0a"],
});

/** A moment, RFC 3339 in UTC, as answers show it: always with milliseconds. */
export const Moment = Type.String({ format: "date-time", examples: ["2026-11-24T12:00:00.000Z"] });

/** A calendar day, RFC 3339 full-date. */
export const Day = Type.String({ format: "date", examples: ["2026-11-24"] });

/** A month of the calendar. */
export const Month = Type.String({
  pattern: "^[0-9]{4}-(0[1-9]|1[0-2])$",
  examples: ["2026-11"],
});

/** An amount that a command asks for: a decimal of up to 15 digits before the point, above zero. */
export const AmountToMove = strict({
  value: Type.String({ pattern: "^(0|[1-9][0-9]{0,14})(\\.[0-9]{1,4})?$", examples: ["165.88"] }),
  currency: Type.String({ pattern: "^[A-Z]{3}$", examples: ["EUR"] }),
});
export type AmountToMove = Static<typeof AmountToMove>;

/** Money as answers show it: exactly the decimals of its currency (ISO 4217), perhaps negative. */
export const MoneyShown = strict({
  value: Type.String({ pattern: "^-?(0|[1-9][0-9]*)(\\.[0-9]{1,4})?$", examples: ["165.88"] }),
  currency: Type.String({ pattern: "^[A-Z]{3}$", examples: ["EUR"] }),
});
export type MoneyShown = Static<typeof MoneyShown>;

/** Free text of 1 to `length` code points; control characters are refused for every string. */
export function text(length: number) {
  return Type.String({ minLength: 1, maxLength: length });
}

export const Name = text(100);
export const Reference = text(140);
export const Reason = text(500);
export const FullName = text(200);

/** How many items a page may have. */
export const PAGE_LIMIT = { least: 1, most: 100, usual: 50 } as const;

export const Limit = Type.Integer({
  minimum: PAGE_LIMIT.least,
  maximum: PAGE_LIMIT.most,
  default: PAGE_LIMIT.usual,
});

export const Cursor = Type.String({ minLength: 1, maxLength: 512 });

/** A page of a list: its items, and where the next page begins. */
export function page<T extends TSchema>(item: T) {
  return strict({ items: Type.Array(item), nextCursor: Type.Union([Type.String(), Type.Null()]) });
}

/**
 * The number of a ledger. Whether there is one is another question. Without a default: answers
 * would get it, too.
 */
export const Ledger = Type.Integer({ minimum: 1, maximum: 2_147_483_647 });

export const Version = Type.Integer({ minimum: 1 });

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ pattern: "^[a-z][a-z0-9_]*$" }),
    detail: Type.String(),
    instance: Type.String(),
    errors: Type.Optional(Type.Array(strict({ path: Type.String(), message: Type.String() }))),
    limit: Type.Optional(
      strict({
        name: Type.Enum(["perTransaction", "dailyOutgoing", "monthlyOutgoing"]),
        channel: Type.Optional(Type.Enum(["transfer", "withdrawal", "card"])),
        amount: MoneyShown,
        left: MoneyShown,
      }),
    ),
  },
  { additionalProperties: false },
);
