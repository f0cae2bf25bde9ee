import type { TSchema } from "typebox";
import { publicOperations } from "./operations/index.ts";
import { isAllOptional, type Operation } from "./operations/operation.ts";
import * as accounts from "./schemas/accounts.ts";
import * as audit from "./schemas/audit.ts";
import * as banking from "./schemas/banking.ts";
import * as identity from "./schemas/identity.ts";
import { Problem, Uuid } from "./schemas/primitives.ts";
import * as schedules from "./schemas/schedules.ts";

type Json = Record<string, unknown>;

const SCHEMAS: Record<string, TSchema> = Object.assign(
  {},
  ...[accounts, banking, schedules, identity, audit].map(named),
);

/** The statuses of problems that any operation may answer, whatever it does. */
const COMMON_REFUSALS = [400, 429, 431, 503];

/**
 * The OpenAPI 3.1 document of all operations that the gateway routes, made from the very schemas
 * that requests are checked against.
 */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const [name, operation] of Object.entries(publicOperations) as [string, Operation][]) {
    const path = operation.path.replace("{+", "{");
    paths[path] ??= {};
    (paths[path] as Json)[operation.method.toLowerCase()] = describe(name, operation);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Countinghouse",
      version,
      description: "An event-sourced bank core: accounts, transfers, histories and the log.",
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: { Problem, ...SCHEMAS },
      headers: responseHeaders,
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  };
}

function describe(name: string, operation: Operation): Json {
  return {
    operationId: name,
    tags: [operation.tag],
    summary: operation.summary,
    security: operation.access === "public" ? [] : [{ bearer: [] }],
    parameters: [
      ...pathParameters(operation),
      ...queryParameters(operation),
      ...headers(operation),
    ],
    ...(operation.body && {
      requestBody: {
        required: operation.method !== "POST" || !isAllOptional(operation.body),
        content: { "application/json": { schema: reference(operation.body) } },
      },
    }),
    responses: { ...successes(operation), ...refusals(operation) },
  };
}

function pathParameters({ path, params }: Operation): Json[] {
  return [...path.matchAll(/\{(\+?)(\w+)\}/g)].map(([, rest, name = ""]) => {
    const schema = rest ? { type: "string" } : (params?.[name] ?? Uuid);
    return { name, in: "path", required: true, schema };
  });
}

function queryParameters({ query }: Operation): Json[] {
  const required = new Set<string>((query?.required as string[] | undefined) ?? []);
  return Object.entries(query?.properties ?? {}).map(([name, schema]) => {
    return { name, in: "query", required: required.has(name), schema };
  });
}

function headers({ command, consistent, resumable }: Operation): Json[] {
  const key = {
    name: "Idempotency-Key",
    in: "header",
    required: true,
    description: "The same key again gives the first answer again and does nothing.",
    schema: { type: "string", minLength: 1, maxLength: 128, pattern: "^[ -~]+$" },
  };
  const token = {
    name: "Consistency-Token",
    in: "header",
    required: false,
    description: "From a command's answer: the query shows at least what that command did.",
    schema: { type: "string" },
  };
  const last = {
    name: "Last-Event-ID",
    in: "header",
    required: false,
    description: "The id of the last event that the caller has: the answer goes on after it.",
    schema: { type: "string", pattern: "^[1-9][0-9]{0,9}$" },
  };
  const given = [command ? key : [], consistent ? token : [], resumable ? last : []];
  return given.flat();
}

function successes({ answers, mediaType, otherMediaTypes = [], command }: Operation): Json {
  const others = otherMediaTypes.map((type) => [type, { schema: { type: "string" } }]);
  const entries = Object.entries(answers).map(([status, schema]) => {
    const first = schema && { [mediaType ?? "application/json"]: { schema: reference(schema) } };
    const content = first && { content: { ...first, ...Object.fromEntries(others) } };
    return [
      status,
      {
        description: "Done",
        headers: { ...headersOf(Number(status)), ...(command && commandHeaders) },
        ...content,
      },
    ];
  });
  return Object.fromEntries(entries);
}

/** What answers carry beside their bodies; limits that are switched off have no headers. */
const responseHeaders = {
  "WWW-Authenticate": of("How to authenticate (RFC 6750)", { type: "string" }),
  "Retry-After": of("Seconds after which to ask again", { type: "integer", minimum: 1 }),
  "RateLimit-Limit": of("Requests that the caller has a minute", { type: "integer", minimum: 1 }),
  "RateLimit-Remaining": of("How many of them are left", { type: "integer", minimum: 0 }),
  "RateLimit-Reset": of("Seconds until they are as many again", { type: "integer", minimum: 0 }),
};

function of(description: string, schema: Json): Json {
  return { description, schema };
}

type HeaderName = keyof typeof responseHeaders;
const LIMITS: HeaderName[] = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];
const OF_STATUS: Readonly<Record<number, readonly HeaderName[]>> = {
  401: ["WWW-Authenticate"],
  409: ["Retry-After"],
  429: ["Retry-After"],
  503: ["Retry-After"],
};

function headersOf(status: number): Json {
  const names = [...(OF_STATUS[status] ?? []), ...LIMITS];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

const commandHeaders = {
  "Consistency-Token": { schema: { type: "string", maxLength: 200 } },
  "Idempotency-Replayed": { schema: { type: "string", enum: ["true"] } },
};

function refusals(operation: Operation): Json {
  const { access, method, answers, command, refusals: own = [] } = operation;
  const ofAccess = access === "public" ? [] : access === "user" ? [401] : [401, 403];
  const ofForm = Object.values(answers).some((schema) => schema !== null) ? [406] : [];
  // A body that comes too slowly, is too large or of another type, even where none is wanted.
  const ofBody = method === "GET" ? [] : [408, 413, 415];
  // Another command may have had its key.
  const ofCommand = command ? [409, 422] : [];
  const ofKind = [...ofAccess, ...ofForm, ...ofBody, ...ofCommand];
  const statuses = new Set([...COMMON_REFUSALS, ...ofKind, ...own]);
  const content = {
    "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
  };
  const sorted = [...statuses].sort((a, b) => a - b);
  const described = sorted.map((status) => {
    return [status, { description: "Problem", headers: headersOf(status), content }];
  });
  return Object.fromEntries(described);
}

const componentNames = new Map<TSchema, string>(
  Object.entries(SCHEMAS).map(([name, schema]) => [schema, name]),
);

function reference(schema: TSchema): Json {
  const name = componentNames.get(schema);
  return name === undefined ? (schema as Json) : { $ref: `#/components/schemas/${name}` };
}

/** The object schemas that a module exports. */
function named(module: Record<string, unknown>): Record<string, TSchema> {
  const schemas = Object.entries(module).filter(([, value]) => {
    return typeof value === "object" && value !== null && "properties" in value;
  });
  return Object.fromEntries(schemas) as Record<string, TSchema>;
}
