import type { Envelope } from "@countinghouse/contracts";
import { ledgerOf } from "@countinghouse/domain";
import { type Handler, ProblemError } from "@countinghouse/service-kit";
import {
  canonicalJson,
  formatTlogProof,
  leafAt,
  leafHash,
  proveInclusion,
} from "@countinghouse/transparency";
import { findTransaction } from "../reading/find-transaction.ts";
import type { Sealer } from "../sealing/sealer.ts";
import { FIRST_LEDGER, type RouteDeps } from "./deps.ts";
import { publishedOf } from "./tree.ts";

/** How long a receipt waits for the checkpoint that covers its event. */
const SEALING_TIMEOUT_MS = 2_000;
const RETRY_AFTER_SECONDS = 1;

/** The proof of one transaction, for whom may read its account. */
export function handleReceipt(deps: RouteDeps): Handler<"receipt"> {
  return async ({ params: { accountId, transactionId }, scope }) => {
    const ledger = ledgerOf(accountId) ?? FIRST_LEDGER;
    const sealer = deps.ledgers.find(ledger);
    const ownerId = await ownerOf(deps, ledger, accountId);
    const isVisible = scope.kind === "any" || ownerId === scope.userId;
    if (ownerId === undefined || !isVisible) throw new ProblemError("not_found");
    const event = await findTransaction(deps, sealer, accountId, transactionId);
    if (event === undefined) throw new ProblemError("not_found");
    if (!(await sealer.covers(event.position, SEALING_TIMEOUT_MS))) {
      throw new ProblemError("unavailable", { retryAfterSeconds: RETRY_AFTER_SECONDS });
    }
    const proof = await proofOf(deps, sealer, event);
    const verifierKey = deps.verifierKeyOf(ledger);
    const receipt = { format: "countinghouse-receipt/v1", event, proof, verifierKey } as const;
    return { status: 200, body: receipt };
  };
}

/** Whose account it is, by the first event of its stream; undefined where it is none. */
async function ownerOf(
  { log }: RouteDeps,
  ledger: number,
  accountId: string,
): Promise<string | undefined> {
  const first = await log.stream(ledger, accountId, 0, 1).next();
  const event = first.done ? undefined : first.value.event;
  if (event?.type !== "AccountOpened") return undefined;
  return (event.data as { ownerId: string }).ownerId;
}

async function proofOf({ reader }: RouteDeps, sealer: Sealer, event: Envelope): Promise<string> {
  const { size, note } = publishedOf(sealer);
  const index = event.position - 1;
  const tree = reader.hashes(sealer, size);
  const leaf = leafHash(Buffer.from(canonicalJson(event)));
  // What the log says now is not what was sealed: no receipt is better than one that fails.
  if (!leaf.equals(await leafAt(tree, index))) {
    throw new Error(`position ${event.position} of ledger ${sealer.ledger} was changed`);
  }
  return formatTlogProof(index, await proveInclusion(tree, index, size), note);
}
