// C2SP tlog-witness: https://c2sp.org/tlog-witness
import {
  type Checkpoint,
  type Hash,
  isSignedBy,
  MalformedError,
  parseNote,
  parseSignatures,
} from "@countinghouse/transparency";
import type { Witness } from "./witnesses.ts";

const TIMEOUT_MS = 5_000;
/** More than any cosignatures need. */
const ANSWER_BYTES_MAX = 64 * 1_024;
const SIZE_TYPE = "text/x.tlog.size";
const CONFLICT = 409;

/** A witness that has not signed, and says why. */
export class WitnessError extends Error {
  readonly code = "witness_refused";
  readonly retryable = true;
  override readonly name = "WitnessError";
  /** The answer's status; 0 for none, or for one that is no answer. */
  readonly status: number;

  constructor(status: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.status = status;
  }
}

/** What a witness says: its line of signature, or the size that it has signed last. */
export type WitnessAnswer = { readonly line: string } | { readonly size: number };

/**
 * Asks a witness to sign that a checkpoint goes on from the size it has signed last. Throws a
 * WitnessError, also for an answer whose signature does not verify.
 */
export async function addCheckpoint(
  { key, url }: Witness,
  oldSize: number,
  proof: readonly Hash[],
  { note }: Pick<Checkpoint, "note">,
): Promise<WitnessAnswer> {
  const lines = [`old ${oldSize}`, ...proof.map((hash) => hash.toString("base64"))];
  const body = `${lines.join("\n")}\n\n${note}`;
  const { status, type, text } = await post(new URL("add-checkpoint", url), body);
  if (status === CONFLICT && type?.split(";")[0]?.trim() === SIZE_TYPE) {
    if (/^(0|[1-9][0-9]{0,15})\n$/.test(text)) return { size: Number(text) };
    throw new WitnessError(status, "the size that it has signed is no number");
  }
  if (status !== 200) throw new WitnessError(status, text.slice(0, 200).trimEnd());
  try {
    const signed = parseNote(note).text;
    const own = parseSignatures(text).find(({ name, id }) => name === key.name && id === key.id);
    if (own !== undefined && isSignedBy(signed, own, key)) return { line: lineOf(own) };
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause;
    throw new WitnessError(0, cause.message, cause);
  }
  throw new WitnessError(0, "it has not signed this with its key");
}

function lineOf({ name, id, signature }: ReturnType<typeof parseSignatures>[number]): string {
  const bytes = Buffer.concat([Buffer.from(id, "hex"), signature]);
  return `\u2014 ${name} ${bytes.toString("base64")}\n`;
}

async function post(url: URL, body: string) {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { method: "POST", body, signal, redirect: "error" });
    const { status, headers } = response;
    return { status, type: headers.get("content-type"), text: await textOf(response) };
  } catch (cause) {
    if (cause instanceof WitnessError) throw cause;
    throw new WitnessError(0, "it does not answer", cause);
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > ANSWER_BYTES_MAX) throw new WitnessError(0, "its answer has no end");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
