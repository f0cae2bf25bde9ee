import Type from "typebox";
import { Envelope } from "../schemas/envelope.ts";
import { strict, Uuid } from "../schemas/primitives.ts";
import type { Operation } from "./operation.ts";

/** How many events one read of the log brings. */
export const LOG_LIMIT = { usual: 1_000, most: 10_000 } as const;

export const logOperations = {
  readLog: {
    service: "relay",
    tag: "Log",
    method: "GET",
    path: "/v1/events",
    access: { any: ["auditor"] },
    summary: "The events of a ledger in position order, one JSON document a line",
    query: strict({
      ledger: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647, default: 1 })),
      after: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
      limit: Type.Optional(
        Type.Integer({ minimum: 1, maximum: LOG_LIMIT.most, default: LOG_LIMIT.usual }),
      ),
      follow: Type.Optional(Type.Boolean({ default: false })),
      stream: Type.Optional(Uuid),
      type: Type.Optional(Type.String({ pattern: "^[A-Za-z][A-Za-z0-9_.-]{0,99}$" })),
    }),
    answers: { 200: Envelope },
    mediaType: "application/x-ndjson",
    open: true,
    refusals: [404],
  },
} as const satisfies Record<string, Operation>;
