import { createHmac } from "node:crypto";

/** Few enough that even who has the key finds thousands of numbers for every mask. */
const TAG_DIGITS = 4;
const LAST = 4;

/**
 * What stands for a card's number, its holder's name or a one-time code in the request that is kept
 * with the answer: enough to tell another request with the same key, too little to find the number
 * again. Of two numbers with the same last four digits one in 65,536 has the same mask.
 */
export interface CardMask {
  number(cardNumber: string, about: string): string;
  text(text: string, about: string): string;
}

/** `about` makes masks of one thing in two requests two masks. */
export function createCardMask(key: Buffer): CardMask {
  const tag = (text: string, about: string) => {
    const mac = createHmac("sha256", key).update(JSON.stringify([about, text]));
    return mac.digest("hex").slice(0, TAG_DIGITS);
  };
  return {
    number: (number, about) => `${number.slice(-LAST)} ${tag(number, about)}`,
    text: tag,
  };
}
