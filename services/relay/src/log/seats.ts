import { ProblemError } from "@countinghouse/service-kit";

const RETRY_AFTER_SECONDS = 5;

/** A bounded number of places. */
export interface Seats {
  /** Takes a place and gives the way to leave it. Throws a 503 when all are taken. */
  take(): () => void;
  readonly taken: number;
}

export function createSeats(max: number): Seats {
  const taken = new Set<symbol>();
  return {
    take() {
      if (taken.size >= max) {
        throw new ProblemError("unavailable", { retryAfterSeconds: RETRY_AFTER_SECONDS });
      }
      const seat = Symbol("seat");
      taken.add(seat);
      return () => void taken.delete(seat);
    },
    get taken() {
      return taken.size;
    },
  };
}
