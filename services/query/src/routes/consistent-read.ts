import { type Call, malformed } from "@countinghouse/service-kit";
import type { Tx } from "../tables.ts";
import type { RouteDeps } from "./deps.ts";

const HEADER = "consistency-token";

/**
 * Reads for a call, in its scope, once the read tables have all that its Consistency-Token names.
 * Throws a 400 for a token that is none of ours, a 503 when it takes too long.
 */
export async function readFor<T>(
  { readAs, tokens, resolveRanges, waitingRoom }: RouteDeps,
  { headers, scope, closing }: Pick<Call, "headers" | "scope" | "closing">,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const header = headers[HEADER];
  if (Array.isArray(header)) throw malformed("Consistency-Token", "cannot be read");
  if (header !== undefined) {
    await waitingRoom.waitFor(await resolveRanges(tokens.read(header)), closing);
  }
  return readAs(scope, work);
}
