import type { CardEvent } from "./events.ts";

/** A card that may still be used; a cancelled one has no state. */
export interface Card {
  readonly status: "inactive" | "active" | "frozen";
  readonly expiry: string;
}

/** The cards of an account that are not cancelled, by their ids; undefined where there are none. */
export type Cards = Readonly<Record<string, Card>> | undefined;

/** The cards of an account after an event. */
export function evolveCards(cards: Cards, event: CardEvent): Cards {
  const { cardId } = event.data;
  switch (event.type) {
    case "CardRegistered":
      return { ...cards, [cardId]: { status: "inactive", expiry: event.data.expiry } };
    case "CardActivated":
    case "CardUnfrozen":
      return becomes(cards, cardId, "active");
    case "CardFrozen":
      return becomes(cards, cardId, "frozen");
    case "CardCancelled": {
      const { [cardId]: _, ...others } = cards ?? {};
      return Object.keys(others).length === 0 ? undefined : others;
    }
  }
}

function becomes(cards: Cards, cardId: string, status: Card["status"]): Cards {
  const { expiry = "" } = cards?.[cardId] ?? {};
  return { ...cards, [cardId]: { status, expiry } };
}
