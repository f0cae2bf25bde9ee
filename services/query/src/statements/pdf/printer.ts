import { ProblemError } from "@countinghouse/service-kit";
import { Piscina } from "piscina";
import type { PdfJob } from "./worker.ts";

/** Setting a page takes some 20 ms of a processor: it is done beside the queries. */
const THREADS_MAX = 1;
/** Statements that wait for it; one more is sent away. */
const WAITING_MAX = 16;
/** An idle thread is let go of: it holds fonts of some 15 MB. */
const IDLE_MS = 10_000;
const HEAP_MB = 512;
const RETRY_AFTER_SECONDS = 2;

/** Makes PDFs in a thread of its own. */
export interface Printer {
  /** Throws a 503 when too many wait already. */
  print(job: PdfJob): Promise<Buffer>;
  close(): Promise<void>;
}

export function createPrinter(): Printer {
  const pool = new Piscina<PdfJob, Uint8Array<ArrayBuffer>>({
    filename: new URL("./worker.ts", import.meta.url).href,
    minThreads: 0,
    maxThreads: THREADS_MAX,
    maxQueue: WAITING_MAX,
    idleTimeout: IDLE_MS,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  return {
    async print(job) {
      if (pool.queueSize >= WAITING_MAX) {
        throw new ProblemError("unavailable", { retryAfterSeconds: RETRY_AFTER_SECONDS });
      }
      return Buffer.from((await pool.run(job, { name: "render" })).buffer);
    },
    close: () => pool.destroy(),
  };
}
