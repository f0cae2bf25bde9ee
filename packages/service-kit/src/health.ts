import type { FastifyInstance } from "fastify";

const CHECK_TIMEOUT_MS = 1_000;

/** Something without which the service cannot do its work; rejects when it is not there. */
export interface ReadinessCheck {
  readonly name: string;
  check(): Promise<unknown>;
}

/** `/livez`: the process answers. `/readyz`: all it needs is there. Neither names anything. */
export function addHealthRoutes(app: FastifyInstance, readiness: readonly ReadinessCheck[]): void {
  const config = { access: "public" } as const;
  app.get("/livez", { config }, async () => ({ status: "live" }));
  app.get("/readyz", { config }, async (request, reply) => {
    const results = await Promise.all(readiness.map((check) => holds(check)));
    const missing = readiness.filter((_, i) => !results[i]).map(({ name }) => name);
    if (missing.length === 0) return { status: "ready" };
    request.log.warn({ missing }, "not ready");
    return reply.code(503).header("retry-after", "1").send({ status: "not ready" });
  });
}

async function holds({ check }: ReadinessCheck): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), CHECK_TIMEOUT_MS);
  check().then(
    () => resolve(true),
    () => resolve(false),
  );
  return promise.finally(() => clearTimeout(timer));
}
