// These names are the storage format of the log: add, never rename.
// They are events of the account's stream: a card belongs to one account.

/** Of its number there is nothing here but the last four digits, and will never be. */
export interface CardRegistered {
  readonly type: "CardRegistered";
  readonly data: {
    /** Random, and all that the card is known by from here on. */
    readonly cardId: string;
    readonly last4: string;
    readonly brand: string;
    /** The last month in which it is good: `2029-11`. */
    readonly expiry: string;
  };
}

interface Step {
  readonly cardId: string;
}

export interface CardActivated {
  readonly type: "CardActivated";
  readonly data: Step;
}

export interface CardFrozen {
  readonly type: "CardFrozen";
  readonly data: Step;
}

export interface CardUnfrozen {
  readonly type: "CardUnfrozen";
  readonly data: Step;
}

/** For good. */
export interface CardCancelled {
  readonly type: "CardCancelled";
  readonly data: Step;
}

export type CardStep = CardActivated | CardFrozen | CardUnfrozen | CardCancelled;
export type CardEvent = CardRegistered | CardStep;
