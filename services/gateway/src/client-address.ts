import { isIP } from "node:net";
import type { FastifyRequest } from "fastify";

/**
 * Where a request comes from: what a trusted proxy says, else who is connected to us. What is no
 * address, as a proxy passes it on that does not check, counts as the proxy's own.
 */
export function clientAddressOf({ ip, raw }: FastifyRequest): string {
  return isIP(ip) === 0 ? (raw.socket.remoteAddress ?? "") : ip;
}
