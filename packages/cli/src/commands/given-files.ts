import { readFile } from "node:fs/promises";
import {
  type Checkpoint,
  MalformedError,
  parseCheckpoint,
  parseVerifierKey,
  type VerifierKey,
} from "@countinghouse/transparency";
import { CliError, reasonOf } from "../cli-error.ts";

/** A key as text, or in a file. */
export async function keyFrom(text: string): Promise<VerifierKey> {
  const isKey = /^\S+\+[0-9a-f]{8}\+\S+$/.test(text);
  const key = isKey ? text : (await textOf(text)).trim();
  return parsed(text, "verifier key", () => parseVerifierKey(key));
}

/** A checkpoint in a file. */
export async function checkpointFrom(path: string): Promise<Checkpoint> {
  const text = await textOf(path);
  return parsed(path, "checkpoint", () => parseCheckpoint(text));
}

function parsed<T>(from: string, what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause;
    throw new CliError(`${from} is no ${what}: ${cause.message}.`, { cause });
  }
}

/** What is in a file that was named. Throws a CliError. */
export async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "there is no such file" : reasonOf(cause);
    throw new CliError(`${path} cannot be read: ${reason}.`, { cause });
  }
}
