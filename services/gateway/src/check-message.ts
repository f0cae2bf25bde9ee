import type { IncomingMessage } from "node:http";
import { malformed } from "@countinghouse/service-kit";

/**
 * Refuses what the parser lets through though others may read it in another way (RFC 9112): a
 * version before HTTP/1.0, and more than one Host. Throws a 400.
 */
export function checkMessage({ httpVersionMajor, rawHeaders }: IncomingMessage): void {
  if (httpVersionMajor !== 1) throw malformed("", "is not of HTTP/1");
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.length === 4 && rawHeaders[i]?.toLowerCase() === "host") hosts += 1;
  }
  if (hosts > 1) throw malformed("Host", "is given more than once");
}
