import {
  type AppDeps,
  createApp,
  createInnerVerifier,
  serveOperations,
} from "@countinghouse/service-kit";
import type { FastifyInstance } from "fastify";
import type { Kysely } from "kysely";
import type { SessionFeed } from "./changes/feed.ts";
import type { Config } from "./config.ts";
import { createGuesses, type Guesses } from "./guesses.ts";
import { createKnownDevices, type KnownDevices } from "./known-devices.ts";
import { createPages, type Pages } from "./pages.ts";
import { createPasswordPolicy, type PasswordPolicy } from "./password-policy.ts";
import { createPasswords, type Passwords } from "./passwords.ts";
import { internalRoutes } from "./routes/internal.ts";
import { meRoutes } from "./routes/me.ts";
import { mfaRoutes } from "./routes/mfa.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { tokenRoutes } from "./routes/tokens.ts";
import { userRoutes } from "./routes/users.ts";
import { createSecondFactor, type SecondFactor } from "./second-factor.ts";
import type { Tables } from "./tables.ts";
import type { KeyRing } from "./token-keys/ring.ts";
import type { RefreshTokens } from "./tokens.ts";
import { createRefreshTokens, createTokenIssuer, type IssueTokens } from "./tokens.ts";

/** How often counters that count for nothing any more are cleared away. */
const CLEAN_EVERY_MS = 10 * 60 * 1000;

export interface AuthDeps extends Omit<AppDeps, "name" | "requestIds"> {
  readonly config: Config;
  readonly db: Kysely<Tables>;
  readonly feed: SessionFeed;
  readonly keys: KeyRing;
}

/** What the routes work with. */
export interface RouteDeps {
  readonly config: Config;
  readonly db: Kysely<Tables>;
  readonly feed: SessionFeed;
  readonly keys: KeyRing;
  readonly passwords: Passwords;
  readonly policy: PasswordPolicy;
  readonly guesses: Guesses;
  readonly devices: KnownDevices;
  readonly secondFactor: SecondFactor;
  readonly refreshTokens: RefreshTokens;
  readonly issue: IssueTokens;
  readonly pages: Pages;
}

/** Users, sessions and tokens, for the gateway and the services. */
export async function buildApp(deps: AuthDeps): Promise<FastifyInstance> {
  const { config, db, feed, keys } = deps;
  const app = createApp({ ...deps, name: "auth", requestIds: "from gateway" });
  app.closing.addEventListener("abort", () => feed.endLines());
  const routes: RouteDeps = {
    config,
    db,
    feed,
    keys,
    passwords: createPasswords(config),
    policy: createPasswordPolicy(config),
    guesses: createGuesses(db, config),
    devices: createKnownDevices(config.SECRET_KEY),
    secondFactor: createSecondFactor(config, Date.now),
    refreshTokens: createRefreshTokens(config.SECRET_KEY),
    issue: createTokenIssuer(keys.sign, config.ACCESS_TOKEN_EXPIRE_MINUTES),
    pages: createPages(config.SECRET_KEY),
  };
  keepClean(app, routes.guesses);
  serveOperations(
    app,
    "auth",
    createInnerVerifier("auth", config.INNER_PUBLIC_KEYS, config.INNER_PUBLIC_KEYS_FILE),
    {
      ...tokenRoutes(routes),
      ...meRoutes(routes),
      ...mfaRoutes(routes),
      ...sessionRoutes(routes),
      ...userRoutes(routes),
      ...internalRoutes(routes),
    },
  );
  return app;
}

function keepClean(app: FastifyInstance, guesses: Guesses): void {
  const timer = setInterval(() => {
    guesses.clean().catch((err: unknown) => app.log.warn({ err }, "old guesses are not cleared"));
  }, CLEAN_EVERY_MS).unref();
  app.closing.addEventListener("abort", () => clearInterval(timer));
}
