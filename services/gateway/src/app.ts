import { type Operation, publicOperations, type ServiceName } from "@countinghouse/contracts";
import {
  type AppDeps,
  createApp,
  type InnerSigner,
  parseProxies,
  REQUEST_LIMITS,
  routePath,
} from "@countinghouse/service-kit";
import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { refusalOf } from "./allowed-methods.ts";
import { createAuthenticate } from "./authenticate.ts";
import { checkMessage } from "./check-message.ts";
import { clientAddressOf } from "./client-address.ts";
import { type Config, certificateFiles } from "./config.ts";
import { createCors, parseOrigins } from "./cors.ts";
import { addDocs } from "./docs.ts";
import { forward, type Way } from "./forward.ts";
import { createInnerTokens, createOwnToken } from "./inner-tokens.ts";
import { createOpenAnswers } from "./open-answers.ts";
import { CALLERS_MAX, createRateLimits } from "./rate-limits.ts";
import type { SessionCache } from "./session-cache.ts";
import type { SharedCounters } from "./shared-counters.ts";
import type { Target } from "./target.ts";
import { followCertificate, readCertificate } from "./tls.ts";
import type { TokenKeys } from "./token-keys.ts";

export interface GatewayDeps extends Omit<AppDeps, "name" | "requestIds"> {
  readonly config: Config;
  readonly version: string;
  readonly targets: Readonly<Record<ServiceName, Target>>;
  readonly sessions: SessionCache;
  readonly keys: TokenKeys;
  readonly signer: InnerSigner;
  readonly counters?: SharedCounters;
}

/** The single door: every public operation, verified, limited and streamed to its service. */
export async function buildApp(deps: GatewayDeps): Promise<FastifyInstance> {
  const { config, targets, sessions, signer, logger, metrics } = deps;
  const certificate = certificateFiles(config);
  const app = createApp({
    ...deps,
    ...(certificate && { tls: readCertificate(certificate) }),
    name: "gateway",
    requestIds: "new",
    trustedProxies: parseProxies(config.TRUSTED_PROXIES) ?? [],
    onBadUrl: (request, reply) => admit(request, reply),
  });
  await app.register(rateLimit, { global: false, cache: CALLERS_MAX });
  const authenticate = createAuthenticate(deps.keys, sessions);
  const innerTokenOf = createInnerTokens(signer);
  const ownToken = createOwnToken(signer);
  const limits = createRateLimits(app, config, deps.counters);
  const cors = createCors(parseOrigins(config.CORS_ORIGINS) ?? []);
  if (certificate !== undefined) followCertificate(app, certificate, logger, metrics);
  /** Whatever is asked for, be it there or not. */
  const admit = async (request: FastifyRequest, reply: FastifyReply, operation?: string) => {
    cors.mark(request, reply);
    checkMessage(request.raw);
    await limits.byAddress(request, reply, operation);
  };
  app.addHook("onRequest", async (request, reply) => {
    await admit(request, reply, request.routeOptions.config?.operation);
    if (cors.answerPreflight(request, reply)) return reply;
    if (!request.is404) return;
    // Before a body is looked at; who has no token is not even told what there is not.
    const caller = await authenticate(request.raw);
    await limits.byUser(request, reply, caller.session);
    throw refusalOf(request.url.split("?", 1)[0] ?? "");
  });
  const openAnswers = createOpenAnswers(sessions, deps.keys, metrics);
  app.closing.addEventListener("abort", () => openAnswers.close(), { once: true });

  for (const [name, operation] of Object.entries(publicOperations) as [string, Operation][]) {
    const { method, path, service, access } = operation;
    const bodyMax = operation.bodyBytes ?? REQUEST_LIMITS.bodyBytes;
    app.route({
      method,
      url: routePath(path),
      config: { access, operation: name },
      onRequest: async (request, reply) => {
        const isAuth = service === "auth";
        const way: Way = {
          target: targets[service],
          bodyMax,
          isRepeatable: method === "GET" || operation.command === true,
          isOpen: operation.open === true,
          ...(isAuth && { clientAddress: clientAddressOf(request), innerToken: ownToken() }),
        };
        if (access === "public") return forward(request, reply, way, logger);
        const caller = await authenticate(request.raw);
        await limits.byUser(request, reply, caller.session);
        const innerToken = innerTokenOf(caller.session, service);
        const onOpen = (end: () => void) => openAnswers.watch(caller, end);
        await forward(request, reply, { ...way, innerToken, onOpen }, logger);
      },
      // Never reached: forward has taken the reply over.
      handler: async () => undefined,
    });
  }
  if (config.ENVIRONMENT !== "production") addDocs(app, deps.version);
  return app;
}
