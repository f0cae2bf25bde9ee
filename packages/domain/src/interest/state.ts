import type { InterestAccrued } from "./events.ts";

/** How far interest has come in an account; none has where it never accrued. */
export interface Interest {
  /** The last month for which it accrued. */
  readonly month: string;
  /** Fractions that wait for more, as InterestAccrued has them. */
  readonly carried: string;
  /** The last posting that was looked at, and the balance after it in minor units. */
  readonly version: number;
  readonly closing: string;
}

export function interestAfter({ data }: InterestAccrued): Interest {
  const { month, carriedOut, throughVersion, closing } = data;
  const minor = closing.value.replace(".", "");
  return { month, carried: carriedOut, version: throughVersion, closing: String(BigInt(minor)) };
}
