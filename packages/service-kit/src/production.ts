import { isLoopback } from "./networks.ts";

type Values = Readonly<Record<string, unknown>>;
type Env = Readonly<Record<string, string | undefined>>;

/** Fewer different characters than this make no secret, however long it is. */
const DISTINCT_MIN = 10;
/** What examples and tutorials have in place of a secret. */
const SAMPLE =
  /change.?(me|this|in.?production)|your.?(very.?)?(secure.?)?secret|example|placeholder/i;
const COMMON_PASSWORDS = /^(|postgres|password|passwort|secret|admin|root|changeme|test)$/i;
const SECRETS = ["SECRET_KEY", "SECRET_KEY_PREVIOUS"] as const;
const KEYS = [...SECRETS, "INNER_PRIVATE_KEY", "TOKEN_KEY", "CHECKPOINT_KEY"] as const;
const DATABASES = ["DATABASE_URL", "PROJECTOR_DATABASE_URL"] as const;

/** What is wrong with secrets wherever they are used: each a sentence that shows no value. */
export function weakSecrets(values: Values): string[] {
  const weak = SECRETS.filter((name) => isText(values[name]) && isWeak(values[name] as string));
  return [
    ...weak.map((name) => `${name} is a sample or a pattern, no secret; make one: keys generate`),
    ...usedTwice(values),
  ];
}

/** What of these settings is not fit for production. */
export function unfitForProduction(values: Values, env: Env): string[] {
  return [
    ...ofProcess(env),
    ...ofLogs(values),
    ...ofLimits(values),
    ...DATABASES.flatMap((name) => ofDatabase(name, values[name])),
    ...ofKafka(values),
    ...ofNetwork(values),
  ];
}

function isWeak(secret: string): boolean {
  return SAMPLE.test(secret) || new Set(secret).size < DISTINCT_MIN || isRepeated(secret);
}

/** A short text again and again. */
function isRepeated(secret: string): boolean {
  return (secret + secret).indexOf(secret, 1) < secret.length;
}

/** One key serves one purpose: whoever learns it there must not have it here. */
function usedTwice(values: Values): string[] {
  const holders = new Map<string, string>();
  const problems: string[] = [];
  const use = (name: string, key: unknown) => {
    if (!isText(key)) return;
    const other = holders.get(key);
    if (other === undefined) holders.set(key, name);
    else problems.push(`${other} and ${name} are the same key`);
  };
  for (const name of KEYS) use(name, values[name]);
  for (const name of DATABASES) use(`the password of ${name}`, passwordOf(values[name]));
  const inner = new Map<unknown, string>();
  for (const [issuer, key] of Object.entries(publicKeys(values.INNER_PUBLIC_KEYS))) {
    for (const one of [key].flat()) {
      const other = inner.get(one);
      if (other !== undefined) {
        problems.push(`INNER_PUBLIC_KEYS has the same key for ${other} and ${issuer}`);
      }
      inner.set(one, issuer);
    }
  }
  return problems;
}

function publicKeys(text: unknown): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(String(text ?? "{}"));
  } catch {
    return {};
  }
}

function ofProcess(env: Env): string[] {
  const problems: string[] = [];
  if (!/^(|0|false|no|off)$/i.test(env.DEBUG ?? "")) {
    problems.push("DEBUG must not be on in production");
  }
  if (env.NODE_TLS_REJECT_UNAUTHORIZED === "0") {
    problems.push("NODE_TLS_REJECT_UNAUTHORIZED must not be 0 in production");
  }
  if (/--inspect/.test(env.NODE_OPTIONS ?? "")) {
    problems.push("NODE_OPTIONS must not open the inspector in production");
  }
  return problems;
}

function ofLogs({ LOG_LEVEL }: Values): string[] {
  if (!["debug", "trace", "silent"].includes(String(LOG_LEVEL))) return [];
  return ["LOG_LEVEL must be info, warn, error or fatal in production"];
}

/** Schemas fill in what is absent; 0 is what switches a limit off. */
function ofLimits(values: Values): string[] {
  const names = Object.keys(values).filter((name) => /^(RATE_LIMIT|LOGIN_FAILURES)_/.test(name));
  const off = names.filter((name) => String(values[name]) === "0");
  return off.map((name) => `${name} must not be 0 in production`);
}

function ofDatabase(name: string, value: unknown): string[] {
  if (!isText(value) || !URL.canParse(value)) return [];
  const url = new URL(value);
  if (isLoopback(url.hostname)) return [];
  const problems: string[] = [];
  if (url.searchParams.get("sslmode") !== "verify-full") {
    problems.push(`${name} must have sslmode=verify-full, for its server is on another machine`);
  }
  if (COMMON_PASSWORDS.test(url.password))
    problems.push(`${name} has no password, or a common one`);
  return problems;
}

function ofKafka({ KAFKA_BROKERS, KAFKA_TLS, KAFKA_PASSWORD }: Values): string[] {
  if (!isText(KAFKA_BROKERS)) return [];
  const problems: string[] = [];
  const hosts = KAFKA_BROKERS.split(",").map((broker) => broker.replace(/:[0-9]+$/, ""));
  if (KAFKA_TLS !== "true" && !hosts.every(isLoopback)) {
    problems.push("KAFKA_TLS must be true, for KAFKA_BROKERS are on other machines");
  }
  if (isText(KAFKA_PASSWORD) && COMMON_PASSWORDS.test(KAFKA_PASSWORD)) {
    problems.push("KAFKA_PASSWORD is a common one");
  }
  return problems;
}

function ofNetwork(values: Values): string[] {
  const problems: string[] = [];
  const { REDIS_URL, CORS_ORIGINS, AUDIT_ORIGIN } = values;
  if (isText(REDIS_URL) && URL.canParse(REDIS_URL)) {
    const { protocol, hostname } = new URL(REDIS_URL);
    if (protocol !== "rediss:" && !isLoopback(hostname)) {
      problems.push("REDIS_URL must begin with rediss://, for its server is on another machine");
    }
  }
  if (isText(CORS_ORIGINS) && /(^|[\s,])http:/.test(CORS_ORIGINS)) {
    problems.push("CORS_ORIGINS must be https:// in production");
  }
  if (isText(AUDIT_ORIGIN) && /\.localhost(\/|$)/.test(AUDIT_ORIGIN)) {
    problems.push("AUDIT_ORIGIN must be a name of yours in production");
  }
  return problems;
}

function passwordOf(value: unknown): string | undefined {
  if (!isText(value) || !URL.canParse(value)) return undefined;
  return decodeURIComponent(new URL(value).password);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
