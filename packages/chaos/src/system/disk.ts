import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";

const BLOCK = 4_096;

/** A disk of its own, in memory, that can be filled to its last byte. */
export interface SmallDisk {
  readonly path: string;
  /** Leaves no room on it. */
  fill(): void;
  empty(): void;
  close(): void;
}

/** Whether disks can be made here: that is for root. */
export const canMakeDisks = process.platform === "linux" && process.getuid?.() === 0;

/** Makes a disk of so many MiB at this path, which goes when this process ends. */
export function makeDisk(path: string, mebibytes: number): SmallDisk {
  mkdirSync(path, { recursive: true });
  const options = `size=${mebibytes}m,mode=0711`;
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]);
  const filler = join(path, "filler");
  const unmount = () => void execFileSync("umount", ["-l", path], { stdio: "ignore" });
  process.once("exit", unmount);
  return {
    path,
    fill() {
      const { bavail, bsize } = statfsSync(path);
      const { size } = statSync(filler, { throwIfNoEntry: false }) ?? { size: 0 };
      const length = size + Math.max(BLOCK, bavail * bsize);
      // Others write meanwhile: then there is less room than that, and it is theirs.
      spawnSync("fallocate", ["-l", String(length), filler]);
    },
    empty: () => rmSync(filler, { force: true }),
    close() {
      process.off("exit", unmount);
      unmount();
    },
  };
}
