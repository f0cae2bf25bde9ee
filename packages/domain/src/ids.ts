/** Ledgers are numbered from 1; an account id has 12 bits for the number. */
export const LEDGER_MAX = 4095;

const OURS = /^[0-9a-f]{8}-[0-9a-f]{4}-8([0-9a-f]{3})-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const RANDOM_BYTES = 8;
const TIME_MAX_MS = 2 ** 48 - 1;

/**
 * An id that says where its thing lives: a UUIDv8 (RFC 9562) of 48 bits of milliseconds, 12 bits of
 * ledger and 62 random bits. Ids made later sort later. Throws a RangeError for what does not fit:
 * a ledger outside 1 to LEDGER_MAX, a time before 1970 or past 48 bits, fewer than 8 random bytes.
 */
export function makeLedgerId(nowMs: number, ledger: number, random: Uint8Array): string {
  if (random.length < RANDOM_BYTES) throw new RangeError("an id needs 8 random bytes");
  if (!isWhole(ledger, 1, LEDGER_MAX)) throw new RangeError("an id has no room for this ledger");
  if (!isWhole(nowMs, 0, TIME_MAX_MS)) throw new RangeError("an id has no room for this time");
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

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
