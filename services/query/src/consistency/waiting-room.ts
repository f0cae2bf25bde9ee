import { ProblemError, type VersionRequirement } from "@countinghouse/service-kit";

/** Limits of waiting for the read tables. */
export const WAITING = {
  /** How long a query waits for what its token names. */
  timeoutMs: 2_000,
  /** How many queries wait at once; one more is sent away. */
  waitersMax: 1_000,
  /**
   * How often the database is asked for all who wait together. They are woken by what is announced;
   * this is for what was applied before they came, or went unheard.
   */
  lookEveryMs: 250,
  /** How many accounts' versions are remembered, so that most queries need not ask. */
  rememberedMax: 50_000,
} as const;

export type WaitingLimits = Readonly<Record<keyof typeof WAITING, number>>;

const RETRY_AFTER_SECONDS = 1;

/** The versions of accounts that the database which answers the queries has. */
export type Reached = ReadonlyMap<string, number>;

/** One look at the database, for all accounts together. */
export type Look = (accountIds: string[]) => Promise<Reached>;

/** Where queries wait until the read tables have what their tokens name. */
export interface WaitingRoom {
  /** Returns when all of it is there. Throws a 503 when time, room or the service ends first. */
  waitFor(requirements: readonly VersionRequirement[], closing: AbortSignal): Promise<void>;
  /** Told by whoever applies events in this process. */
  announce(versions: Reached): void;
  /** The tables may be others than those that were announced: nothing remembered counts. */
  forget(): void;
  readonly waiters: number;
}

interface Waiter {
  left: readonly VersionRequirement[];
  readonly leave: () => void;
}

export function createWaitingRoom(look: Look, limits: Partial<WaitingLimits> = {}): WaitingRoom {
  return new Room(look, { ...WAITING, ...limits });
}

class Room implements WaitingRoom {
  readonly #look: Look;
  readonly #limits: WaitingLimits;
  readonly #waiters = new Set<Waiter>();
  readonly #versions = new Map<string, number>();
  #looking = false;
  #lookedAtMs = 0;

  constructor(look: Look, limits: WaitingLimits) {
    this.#look = look;
    this.#limits = limits;
  }

  get waiters(): number {
    return this.#waiters.size;
  }

  async waitFor(requirements: readonly VersionRequirement[], closing: AbortSignal): Promise<void> {
    const left = this.#unmet(requirements);
    if (left.length === 0) return;
    if (this.#waiters.size >= this.#limits.waitersMax || closing.aborted) throw unavailable();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { left, leave: resolve };
    const giveUp = () => reject(unavailable());
    const timer = setTimeout(giveUp, this.#limits.timeoutMs);
    closing.addEventListener("abort", giveUp);
    this.#waiters.add(waiter);
    this.#lookSoon();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      closing.removeEventListener("abort", giveUp);
      this.#waiters.delete(waiter);
    }
  }

  announce(versions: Reached): void {
    for (const [accountId, version] of versions) this.#remember(accountId, version);
    for (const waiter of this.#waiters) {
      waiter.left = this.#unmet(waiter.left);
      if (waiter.left.length === 0) waiter.leave();
    }
  }

  forget(): void {
    this.#versions.clear();
  }

  /** The least recently changed are forgotten first; forgetting one only costs a look. */
  #remember(accountId: string, version: number): void {
    const known = this.#versions.get(accountId) ?? 0;
    this.#versions.delete(accountId);
    this.#versions.set(accountId, Math.max(known, version));
    if (this.#versions.size <= this.#limits.rememberedMax) return;
    const [oldest] = this.#versions.keys();
    if (oldest !== undefined) this.#versions.delete(oldest);
  }

  #unmet(requirements: readonly VersionRequirement[]): readonly VersionRequirement[] {
    return requirements.filter(({ accountId, version }) => {
      return (this.#versions.get(accountId) ?? 0) < version;
    });
  }

  /** At once when the last look is long ago, so that a lone query hardly waits. */
  #lookSoon(): void {
    if (this.#looking || this.#waiters.size === 0) return;
    this.#looking = true;
    const sinceMs = performance.now() - this.#lookedAtMs;
    setTimeout(() => this.#lookOnce(), Math.max(0, this.#limits.lookEveryMs - sinceMs));
  }

  async #lookOnce(): Promise<void> {
    const wanted = [...this.#waiters].flatMap(({ left }) => left.map((one) => one.accountId));
    this.#lookedAtMs = performance.now();
    try {
      if (wanted.length > 0) this.announce(await this.#look([...new Set(wanted)]));
    } catch {
      // The database is away: those who wait are told so by their time running out.
    } finally {
      this.#looking = false;
      this.#lookSoon();
    }
  }
}

function unavailable(): ProblemError {
  return new ProblemError("unavailable", { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
