import type { EventType } from "@countinghouse/contracts";
import type { AccountEvent } from "@countinghouse/domain";
import type { Read } from "../command.ts";
import { FIRST_LEDGER } from "../prepare.ts";
import type { RouteDeps } from "./deps.ts";

type DataOf<Type extends EventType> = Extract<AccountEvent, { type: Type }>["data"];

/** A hold, a card or a proposal as it began, and the account that it lives in. */
export interface Origin<Type extends EventType> {
  readonly ledger: number;
  /** The account's stream; none where there is no such thing. */
  readonly reads: readonly Read[];
  readonly accountId: string;
  readonly data: DataOf<Type> | undefined;
}

/** Looks a thing up by its id: where it began never changes, so no decision has to read it anew. */
export async function findOrigin<Type extends EventType>(
  { ledgers, store }: Pick<RouteDeps, "ledgers" | "store">,
  type: Type,
  id: string,
): Promise<Origin<Type>> {
  const home = await ledgers.find("account", id);
  const found = home && (await store.findOrigin(home.ledger, id));
  if (home === undefined || found?.event.type !== type) {
    return { ledger: FIRST_LEDGER, reads: [], accountId: "", data: undefined };
  }
  const origin: Origin<Type> = {
    ledger: home.ledger,
    reads: [{ ...home, streamId: found.streamId }],
    accountId: found.streamId,
    data: found.event.data as unknown as Origin<Type>["data"],
  };
  return origin;
}
