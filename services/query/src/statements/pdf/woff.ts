import { inflateSync } from "node:zlib";

/*
 * WOFF 1.0: a header of 44 bytes (the flavour at 4, how many tables at 12), an entry of 20 bytes a
 * table (tag, offset, packed length, length, checksum), then the tables, packed by zlib where that
 * made them shorter. An sfnt has them unpacked, under a header of 12 bytes and entries of 16 (tag,
 * checksum, offset, length).
 */
const [WOFF_HEADER, WOFF_ENTRY, SFNT_HEADER, SFNT_ENTRY] = [44, 20, 12, 16];

/** The TrueType font in a WOFF file. */
export function unpackWoff(woff: Buffer): Buffer {
  const count = woff.readUInt16BE(12);
  const header = Buffer.alloc(SFNT_HEADER + count * SFNT_ENTRY);
  woff.copy(header, 0, 4, 8);
  header.writeUInt16BE(count, 4);
  const tables: Buffer[] = [header];
  let offset = header.length;
  for (let i = 0; i < count; i += 1) {
    const entry = WOFF_HEADER + i * WOFF_ENTRY;
    const [at = 0, packed = 0, length = 0] = [4, 8, 12].map((n) => woff.readUInt32BE(entry + n));
    const bytes = woff.subarray(at, at + packed);
    const table = packed < length ? inflateSync(bytes) : bytes;
    const place = SFNT_HEADER + i * SFNT_ENTRY;
    woff.copy(header, place, entry, entry + 4);
    woff.copy(header, place + 4, entry + 16, entry + 20);
    header.writeUInt32BE(offset, place + 8);
    header.writeUInt32BE(length, place + 12);
    const padding = Buffer.alloc(-length & 3);
    tables.push(table, padding);
    offset += length + padding.length;
  }
  return Buffer.concat(tables);
}
