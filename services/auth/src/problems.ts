import type { ProblemCode } from "@countinghouse/contracts";
import { ProblemError } from "@countinghouse/service-kit";

/** A 401 with the challenge of RFC 6750. */
export function unauthorized(code: ProblemCode): ProblemError {
  return new ProblemError(code, { headers: { "www-authenticate": "Bearer" } });
}
