import type { IncomingHttpHeaders } from "node:http";
import { isCleanText } from "@countinghouse/service-kit";

/** The User-Agent of a request where it is printable text. */
export function userAgentOf(headers: IncomingHttpHeaders): string | undefined {
  const given = headers["user-agent"];
  return given !== undefined && given !== "" && isCleanText(given) ? given : undefined;
}
