import type { Receipt } from "@countinghouse/contracts";
import {
  type Checkpoint,
  canonicalJson,
  formatVerifierKey,
  MalformedError,
  parseTlogProof,
  parseVerifierKey,
  SignatureError,
  type VerifierKey,
  verifyTlogProof,
} from "@countinghouse/transparency";

/** A receipt that proves nothing; the message says why. */
export class ReceiptError extends Error {
  readonly code = "bad_receipt";
  readonly retryable = false;
  override readonly name = "ReceiptError";
}

const FORMAT: Receipt["format"] = "countinghouse-receipt/v1";

/**
 * Checks a receipt with nothing but itself, and with the key that the verifier trusts where one is
 * given; without it the receipt's own key is taken at its word. Gives the checkpoint that commits
 * to the event. Throws a ReceiptError.
 */
export function verifyReceipt(text: string, trusted?: VerifierKey): Checkpoint & Receipt {
  const receipt = parse(text);
  try {
    const key = parseVerifierKey(receipt.verifierKey);
    if (trusted !== undefined && formatVerifierKey(trusted) !== receipt.verifierKey) {
      throw new ReceiptError("the key in the receipt is not the key that was given");
    }
    const { index } = parseTlogProof(receipt.proof);
    if (index !== receipt.event.position - 1) {
      throw new ReceiptError("the proof is of another position than the event says");
    }
    const entry = Buffer.from(canonicalJson(receipt.event));
    const checkpoint = verifyTlogProof(receipt.proof, entry, [key]);
    if (checkpoint === undefined) throw new ReceiptError("the event is not what was sealed");
    return { ...checkpoint, ...receipt };
  } catch (cause) {
    if (cause instanceof SignatureError) {
      throw new ReceiptError("the checkpoint is not signed by the key", { cause });
    }
    if (cause instanceof MalformedError || cause instanceof TypeError) {
      throw new ReceiptError(`the receipt is malformed: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

function parse(text: string): Receipt {
  try {
    const receipt = JSON.parse(text) as Partial<Receipt> | null;
    const { format, event, proof, verifierKey } = receipt ?? {};
    const isWhole = typeof proof === "string" && typeof verifierKey === "string";
    const isEvent = typeof event === "object" && event !== null;
    if (format === FORMAT && isWhole && isEvent) return receipt as Receipt;
  } catch {
    // It is no JSON.
  }
  throw new ReceiptError(`not a receipt of the format ${FORMAT}`);
}
