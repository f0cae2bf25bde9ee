import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * What was published, remembered apart from the database. A checkpoint is here before anybody gets
 * it, so an audit whose database was set back knows that it has signed more.
 */
export interface PublishedStore {
  /** The newest checkpoint that was published, undefined where none was. */
  newest(ledger: number): Promise<string | undefined>;
  /** Returns once the checkpoint would survive a crash. */
  remember(ledger: number, note: string): Promise<void>;
}

/** A file a ledger in this folder, replaced as a whole. */
export function createPublishedFiles(folder: string): PublishedStore {
  const pathOf = (ledger: number) => join(folder, `ledger-${ledger}.checkpoint`);
  return {
    async newest(ledger) {
      try {
        return await readFile(pathOf(ledger), "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    async remember(ledger, note) {
      await mkdir(folder, { recursive: true });
      const unfinished = `${pathOf(ledger)}.new`;
      await writeDurably(unfinished, note);
      await rename(unfinished, pathOf(ledger));
      await syncFolder(dirname(unfinished));
    },
  };
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Without it the file may be back under its old name after a power cut. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
