import { spawn } from "node:child_process";
import type { Socket } from "node:net";

/**
 * Ends a process when this one ends, however that happens: by a time limit's SIGTERM or by kill -9,
 * too, where no exit handler runs. A shell waits on a pipe that closes with us. The returned
 * function calls that off, once the process has ended by itself.
 */
export function endWithUs(pid: number, signal: "INT" | "KILL"): () => void {
  const guard = spawn("sh", ["-c", `read -r _; kill -${signal} ${pid}`], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  guard.on("error", () => {});
  guard.unref();
  (guard.stdin as Socket).unref();
  return () => void guard.kill("SIGKILL");
}
