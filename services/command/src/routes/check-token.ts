import { type Call, type ConsistencyTokens, malformed } from "@countinghouse/service-kit";

/** What it names is there already: it was acknowledged, and this is read from the log. */
export function checkToken(headers: Call["headers"], tokens: ConsistencyTokens): void {
  const header = headers["consistency-token"];
  if (Array.isArray(header)) throw malformed("Consistency-Token", "cannot be read");
  if (header !== undefined) tokens.read(header);
}
