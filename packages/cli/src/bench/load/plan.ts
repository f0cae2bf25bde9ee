/** Which accounts a transfer is between. */
export type Pattern = "uniform" | "hot" | "ping-pong";

/** Who pays: a token and the accounts that it may pay from. */
export interface Payer {
  readonly token: string;
  readonly accounts: readonly string[];
}

/** What the load generator is told: everything it needs, so that it looks nothing up itself. */
export interface LoadPlan {
  /** Client number i is a client of port i, round and round. */
  readonly ports: readonly number[];
  /** Connections, each with one request under way at a time. */
  readonly clients: number;
  readonly warmUpMs: number;
  readonly runMs: number;
  readonly pattern: Pattern;
  /** Transfers of one request: 1 is `POST /v1/transfers`, more are a batch. */
  readonly transfers: number;
  /** Requests a second of all clients together; each as soon as it can unless given. */
  readonly ratePerSecond?: number;
  /** Client number i pays as payer i, round and round. */
  readonly payers: readonly Payer[];
  readonly receivers: readonly string[];
  /** What the idempotency keys of this load begin with; no other load has it. */
  readonly keyPrefix: string;
}

/**
 * What a load came to. Latencies are in milliseconds, from the first byte of a request to the last
 * of its answer.
 */
export interface LoadResult {
  /** Requests answered in the measured time, by status; 0 counts broken connections. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests answered with success over the whole load, the warm-up included. */
  readonly acknowledged: number;
  /** Whether every request got an answer: if not, more may be in the log than was acknowledged. */
  readonly isComplete: boolean;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Processor time of the generator in the measured time. */
  readonly cpuSeconds: number;
  /** Successes whose body was looked at and was no answer to a transfer. */
  readonly wrongBodies: number;
}

export type FromGenerator =
  | { readonly kind: "measuring" | "measured" }
  | { readonly kind: "done"; readonly result: LoadResult };
