import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import { Readable } from "node:stream";
import {
  type AnswerBodyOf,
  type BodyOf,
  isAllOptional,
  type Operation,
  type OperationName,
  type operations,
  operationsOf,
  type ParamsOf,
  type QueryOf,
  type ServiceName,
} from "@countinghouse/contracts";
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from "fastify";
import { Value } from "typebox/value";
import { isAcceptable } from "./accept.ts";
import { REQUEST_LIMITS } from "./app.ts";
import type { InnerVerifier } from "./inner-token.ts";
import { authorize, type Principal, type Scope, unauthenticated } from "./principal.ts";
import { malformed, ProblemError } from "./problem-error.ts";
import { convertQuery } from "./query-string.ts";

type Table = typeof operations;

/** The names of the operations of one service. */
export type OperationsOf<S extends ServiceName> = {
  [Name in OperationName]: Table[Name]["service"] extends S ? Name : never;
}[OperationName];

type PrincipalOf<Op extends Operation> = Op["access"] extends "public"
  ? undefined
  : Op["access"] extends { readonly services: readonly unknown[] }
    ? Extract<Principal, { kind: "service" }>
    : Extract<Principal, { kind: "user" }>;

/** A checked request: every part fits the operation's schema, the caller may call it. */
export interface Call<Op extends Operation = Operation> {
  readonly params: ParamsOf<Op>;
  readonly query: QueryOf<Op>;
  readonly body: BodyOf<Op>;
  readonly principal: PrincipalOf<Op>;
  /** Whose things the caller's roles let this call touch. */
  readonly scope: Scope;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  /** Of commands; checked to be 1 to 128 printable ASCII characters. */
  readonly idempotencyKey: string;
  readonly headers: IncomingHttpHeaders;
  /** Where the caller is, as the gateway saw it; whom it does not come from is taken as it is. */
  readonly clientAddress: string;
  /** Aborted when the service begins to close. */
  readonly closing: AbortSignal;
}

/** The answer to a call. A string goes out as it is; an object is cut to its schema. */
export interface Answer<Op extends Operation = Operation> {
  readonly status: number;
  readonly body?: AnswerBodyOf<Op> | string | Buffer | Readable;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Handler<Name extends OperationName> = (
  call: Call<Table[Name]>,
) => Promise<Answer<Table[Name]>> | Answer<Table[Name]>;

/** A handler for every operation of a service. */
export type Handlers<S extends ServiceName> = { [Name in OperationsOf<S>]: Handler<Name> };

/**
 * Registers every operation of a service from the table of operations. Throws, so that the service
 * does not start, when an operation has no handler or a handler no operation.
 */
export function serveOperations<S extends ServiceName>(
  app: FastifyInstance,
  service: S,
  verify: InnerVerifier,
  handlers: Handlers<S>,
): void {
  const left = new Map<string, Handler<never>>(Object.entries(handlers));
  for (const [name, operation] of operationsOf(service)) {
    const handler = left.get(name) as unknown as ((call: Call) => Promise<Answer>) | undefined;
    if (handler === undefined) throw new Error(`operation ${name} has no handler`);
    left.delete(name);
    serve(app, operation, verify, handler);
  }
  if (left.size > 0) throw new Error(`no operations: ${[...left.keys()].join(", ")}`);
}

interface Caller {
  readonly principal: Principal | undefined;
  readonly scope: Scope;
  /** The gateway passed the request on: what it says of the client is so. */
  readonly isFromGateway: boolean;
}

function serve(
  app: FastifyInstance,
  operation: Operation,
  verify: InnerVerifier,
  handler: (call: Call) => Promise<Answer>,
): void {
  const callers = new WeakMap<FastifyRequest, Caller>();
  const mediaType = operation.mediaType ?? "application/json; charset=utf-8";
  app.route({
    method: operation.method,
    url: routePath(operation.path),
    config: { access: operation.access },
    bodyLimit: operation.bodyBytes ?? REQUEST_LIMITS.bodyBytes,
    schema: schemaOf(operation),
    onRequest: hook((request) => {
      callers.set(request, admit(operation, request, verify));
      checkParams(request, operation);
    }),
    preValidation: hook((request) => {
      checkAccept(operation, request);
      request.query = convertQuery(request.query as Record<string, string>, operation.query);
      checkBodyPresence(operation, request);
      if (operation.command) checkKey(request.headers["idempotency-key"]);
    }),
    handler: async (request, reply) => {
      const caller = callers.get(request) as Caller;
      const { status, body, headers } = await handler(callOf(app, request, caller));
      return send(reply.code(status).headers({ "content-type": mediaType, ...headers }), body);
    },
  });
}

/** A hook that waits for nothing: without promises it costs a fraction. */
function hook(check: (request: FastifyRequest) => void): onRequestHookHandler {
  return (request, _, done) => {
    try {
      check(request);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  };
}

function schemaOf({ query, body, answers, mediaType }: Operation): object {
  const bodies = Object.entries(answers).filter(([, schema]) => schema !== null);
  return {
    ...(query && { querystring: query }),
    ...(body && { body }),
    ...(mediaType === undefined && { response: Object.fromEntries(bodies) }),
  };
}

function admit(operation: Operation, request: FastifyRequest, verify: InnerVerifier): Caller {
  const [, token] = /^Bearer ([\w.-]+)$/.exec(request.headers.authorization ?? "") ?? [];
  if (operation.access === "public") {
    const isFromGateway = token !== undefined && isOfGateway(verify(token));
    return { principal: undefined, scope: { kind: "any" }, isFromGateway };
  }
  if (token === undefined) throw unauthenticated();
  const principal = verify(token);
  const scope = authorize(operation.access, principal);
  return { principal, scope, isFromGateway: isOfGateway(principal) };
}

/** Only the gateway speaks for users. */
function isOfGateway(principal: Principal): boolean {
  return principal.kind === "user" || principal.name === "gateway";
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The path of an operation as the router writes it: `:name`, and `*` for the rest of a path. */
export function routePath(path: string): string {
  return path.replaceAll(/\{\+\w+\}/g, "*").replaceAll(/\{(\w+)\}/g, ":$1");
}

/** Ids in paths: in lower case from here on; what is no UUID is as absent as an unknown one. */
function checkParams(request: FastifyRequest, { path, params: others = {} }: Operation): void {
  const { "*": rest, ...ids } = request.params as Record<string, string>;
  const [, restName = "*"] = /\{\+(\w+)\}$/.exec(path) ?? [];
  const params: Record<string, string> = rest === undefined ? ids : { ...ids, [restName]: rest };
  request.params = params;
  for (const [name, value] of Object.entries(ids)) {
    if (name in others) continue;
    params[name] = value.toLowerCase();
    if (!UUID.test(value.toLowerCase())) throw new ProblemError("not_found");
  }
  for (const [name, schema] of Object.entries(others)) {
    if (!Value.Check(schema, params[name])) throw malformed(`{${name}}`, "has another form");
  }
}

function checkAccept(operation: Operation, { headers }: FastifyRequest): void {
  const { answers, mediaType = "application/json", otherMediaTypes = [] } = operation;
  const hasForm = Object.values(answers).some((schema) => schema !== null);
  const forms = [mediaType, ...otherMediaTypes];
  if (!hasForm || forms.some((form) => isAcceptable(headers.accept, form))) return;
  throw new ProblemError("not_acceptable");
}

function checkBodyPresence({ body, method }: Operation, request: FastifyRequest): void {
  const given = request.body;
  // A command whose members are all left out may leave out its body.
  const isOptional = method === "POST" && body !== undefined && isAllOptional(body);
  if (isOptional && (given === undefined || given === null)) request.body = {};
  if (body !== undefined || given === undefined || given === null) return;
  const isEmpty = typeof given === "object" && Object.keys(given).length === 0;
  if (!isEmpty || Array.isArray(given)) throw malformed("", "is not wanted here");
}

const KEY = /^[ -~]{1,128}$/;

function checkKey(key: string | string[] | undefined): void {
  if (key === undefined) throw malformed("Idempotency-Key", "is missing");
  if (typeof key !== "string" || !KEY.test(key)) {
    throw malformed("Idempotency-Key", "must be 1 to 128 printable ASCII characters");
  }
}

const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

function callOf(app: FastifyInstance, request: FastifyRequest, caller: Caller): Call {
  const { headers } = request;
  const { traceparent } = headers;
  const isTrace = typeof traceparent === "string" && TRACEPARENT.test(traceparent);
  return {
    params: request.params as never,
    query: request.query as never,
    body: request.body as never,
    principal: caller.principal as never,
    scope: caller.scope,
    requestId: request.id,
    traceparent: isTrace ? traceparent : undefined,
    idempotencyKey: (headers["idempotency-key"] as string | undefined) ?? "",
    headers,
    clientAddress: clientAddressOf(request, caller),
    closing: app.closing,
  };
}

function clientAddressOf({ headers, ip }: FastifyRequest, { isFromGateway }: Caller): string {
  const told = headers["x-client-address"];
  return isFromGateway && typeof told === "string" && isIP(told) !== 0 ? told : ip;
}

function send(reply: FastifyReply, body: Answer["body"]): FastifyReply {
  if (body === undefined) return reply.removeHeader("content-type").send();
  if (typeof body === "string") reply.serializer((text: unknown) => String(text));
  reply.send(body);
  // A stream may have nothing to say yet; the caller learns at once that it is open.
  if (body instanceof Readable) reply.raw.flushHeaders();
  return reply;
}
