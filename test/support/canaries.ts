import { createReadStream, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Secret } from "otpauth";

/** A shorter secret would be found in bytes that mean something else. */
const LENGTH_MIN = 10;
/** How coarse the clock of a file system may be. */
const CLOCK_MS = 2_000;

/** A place in which a secret was found, and what it was. */
export interface Finding {
  readonly what: string;
  readonly where: string;
}

/** Secrets that are planted in a run, to be looked for afterwards. */
export interface Canaries {
  /** Gives the secret back. */
  plant(what: string, secret: string): string;
  /** Which secrets are in the bytes, in whatever spelling. */
  findIn(where: string, bytes: Buffer | string): Finding[];
  /** The same of all files below a folder that were written since the first was planted. */
  findBelow(folder: string): Promise<Finding[]>;
}

export function createCanaries(): Canaries {
  let sinceMs = Number.POSITIVE_INFINITY;
  const planted: { readonly what: string; readonly forms: readonly Buffer[] }[] = [];
  const findIn = (where: string, bytes: Buffer | string) => {
    const whole = Buffer.from(bytes as string);
    const found = planted.filter(({ forms }) => forms.some((form) => whole.includes(form)));
    return found.map(({ what }) => ({ what, where }));
  };
  return {
    plant(what, secret) {
      if (secret.length < LENGTH_MIN) throw new Error(`${what} is too short to be looked for`);
      sinceMs = Math.min(sinceMs, Date.now() - CLOCK_MS);
      planted.push({ what, forms: formsOf(secret) });
      return secret;
    },
    findIn,
    async findBelow(folder) {
      const findings: Finding[] = [];
      for (const file of filesBelow(folder, sinceMs))
        findings.push(...findIn(file, await contentOf(file)));
      return findings;
    },
  };
}

/** A secret as it is, as other programs write it, and as the bytes that it stands for. */
function formsOf(secret: string): Buffer[] {
  const bytes = Buffer.from(secret);
  const forms = [
    ...[secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)],
    ...[bytes.toString("hex"), bytes.toString("base64"), bytes.toString("base64url")],
    secret.toLowerCase().replaceAll(/[\s-]/g, ""),
    bytes.toString("utf16le"),
  ];
  const decoded = [
    ...(/^[\w-]{40,}$/.test(secret) ? [Buffer.from(secret, "base64url")] : []),
    ...(/^[A-Z2-7]{16,}$/.test(secret) ? [Buffer.from(Secret.fromBase32(secret).bytes)] : []),
  ];
  const written = decoded.flatMap((raw) => [raw, Buffer.from(raw.toString("hex"))]);
  return [...forms.map((form) => Buffer.from(form)), ...written];
}

function filesBelow(folder: string, sinceMs: number): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => {
      const file = statSync(path, { throwIfNoEntry: false });
      return file?.isFile() && file.mtimeMs >= sinceMs;
    });
}

async function contentOf(file: string): Promise<Buffer> {
  try {
    return Buffer.concat(await createReadStream(file).toArray());
  } catch {
    // A file of a running server may be gone by the time that it is read.
    return Buffer.alloc(0);
  }
}
