/** Ledgers are numbered from 1; an account id has 12 bits for the number. */
export const LEDGER_MAX = 4095;

const OURS = /^[0-9a-f]{8}-[0-9a-f]{4}-8([0-9a-f]{3})-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const RANDOM_BYTES = 8;

/**
 * An id that says where its thing lives: a UUIDv8 (RFC 9562) of 48 bits of milliseconds, 12 bits of
 * ledger and 62 random bits. Ids made later sort later.
 */
export function makeLedgerId(nowMs: number, ledger: number, random: Uint8Array): string {
  if (random.length < RANDOM_BYTES) throw new RangeError("an id needs 8 random bytes");
  const time = nowMs.toString(16).padStart(12, "0");
  const bytes = [...random.subarray(0, RANDOM_BYTES)];
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x80;
  const tail = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const place = ledger.toString(16).padStart(3, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-8${place}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}

/** The ledger that an id of ours names, or undefined for any other id. */
export function ledgerOf(id: string): number | undefined {
  const [, place] = OURS.exec(id) ?? [];
  const ledger = place === undefined ? 0 : Number.parseInt(place, 16);
  return ledger === 0 ? undefined : ledger;
}
