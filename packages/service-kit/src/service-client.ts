import {
  type AnswerBodyOf,
  type BodyOf,
  type Operation,
  type OperationName,
  operations,
  type ParamsOf,
  type QueryOf,
  type ServiceName,
} from "@countinghouse/contracts";
import { INNER_TOKEN_SECONDS, type InnerSigner } from "./inner-token.ts";
import { ProblemError } from "./problem-error.ts";

const CALL_TIMEOUT_MS = 2_000;
const RENEW_BEFORE_MS = 10_000;

type Table = typeof operations;

interface Request<Op extends Operation> {
  readonly params?: ParamsOf<Op>;
  readonly query?: QueryOf<Op>;
  readonly body?: BodyOf<Op>;
  readonly requestId?: string;
  readonly signal?: AbortSignal;
}

/** One service asking another, for itself. */
export interface ServiceClient {
  /** The body of a success, or undefined for a 404. Throws a 503 for everything else. */
  ask<Name extends OperationName>(
    name: Name,
    request: Request<Table[Name]>,
  ): Promise<AnswerBodyOf<Table[Name]> | undefined>;
  /** The open answer of an operation that streams; the caller ends it by the signal. */
  open<Name extends OperationName>(
    name: Name,
    request: Request<Table[Name]> & { readonly signal: AbortSignal },
  ): Promise<Response>;
}

export function createServiceClient(
  baseUrl: string,
  audience: ServiceName,
  signer: InnerSigner,
): ServiceClient {
  const token = renewed(() => signer.forSelf(audience));
  const send = (name: OperationName, request: Request<Operation>) => {
    const { method, path } = operations[name];
    const { params = {}, query = {}, body, requestId, signal } = request;
    return fetch(baseUrl + filled(path, params) + search(query), {
      method,
      headers: {
        authorization: `Bearer ${token()}`,
        ...(requestId !== undefined && { "x-request-id": requestId }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: signal ?? AbortSignal.timeout(CALL_TIMEOUT_MS),
    }).catch((cause: unknown) => {
      throw unavailable(cause);
    });
  };
  return {
    async ask(name, request) {
      const response = await send(name, request as Request<Operation>);
      // An answer may break off after its head, when the service dies or its time is over.
      const text = await response.text().catch((cause: unknown) => {
        throw unavailable(cause);
      });
      if (response.status === 404) return undefined;
      if (!response.ok) throw unavailable(new Error(`${name} answered ${response.status}`));
      return text === "" ? undefined : JSON.parse(text);
    },
    async open(name, request) {
      const response = await send(name, request as Request<Operation>);
      if (response.ok) return response;
      await response.body?.cancel();
      throw unavailable(new Error(`${name} answered ${response.status}`));
    },
  };
}

function unavailable(cause: unknown): ProblemError {
  return new ProblemError("unavailable", { retryAfterSeconds: 1, cause });
}

function renewed(make: () => string): () => string {
  let [current, until] = ["", 0];
  return () => {
    const now = Date.now();
    if (now >= until) {
      current = make();
      until = now + INNER_TOKEN_SECONDS * 1000 - RENEW_BEFORE_MS;
    }
    return current;
  };
}

function filled(path: string, params: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
}

function search(query: Readonly<Record<string, unknown>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size === 0 ? "" : `?${parameters}`;
}
