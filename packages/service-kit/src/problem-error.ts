import { type Fault, PROBLEMS, type ProblemCode } from "@countinghouse/contracts";

interface Details {
  readonly errors?: readonly Fault[];
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** An outcome that the caller is told as a problem document; its code decides the status. */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly errors: readonly Fault[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, details: Details = {}) {
    super(code, details.cause === undefined ? {} : { cause: details.cause });
    this.name = "ProblemError";
    this.code = code;
    this.errors = details.errors;
    const retryAfter = details.retryAfterSeconds;
    this.headers = {
      ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
      ...details.headers,
    };
  }

  get retryable(): boolean {
    return PROBLEMS[this.code].status === 503 || PROBLEMS[this.code].status === 429;
  }
}

/** A 400 that names one fault of the request. */
export function malformed(path: string, message: string): ProblemError {
  return new ProblemError("malformed", { errors: [{ path, message }] });
}
