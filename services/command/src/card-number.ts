import valid from "card-validator";

/** What may be known of a card's number once it is gone. */
export interface KnownOfCard {
  readonly last4: string;
  readonly brand: string;
}

const LAST = 4;

/**
 * Looks at a number: its brand by its first digits, its length for that brand, its check digit.
 * Undefined for what is no card's number.
 */
export function readCardNumber(cardNumber: string): KnownOfCard | undefined {
  const { isValid, card } = valid.number(cardNumber, { luhnValidateUnionPay: true });
  return isValid && card ? { last4: cardNumber.slice(-LAST), brand: card.type } : undefined;
}
