/** Who asks: a user by one role. */
export interface Asker {
  readonly userId: string;
  readonly role: "customer" | "teller" | "admin";
}

/** The command service at times of the past, as services/command/src/history.ts opens it. */
export interface History {
  at(moment: Date): void;
  ask(by: Asker, method: string, path: string, body?: object): Promise<Told>;
  work(): Promise<void>;
  close(): Promise<void>;
}

export interface Told {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the answers of all routes
  readonly body: any;
}

/** Asks that are under way at once; the next goes out when one of them is answered. */
const AT_ONCE = 512;

/** Requests of one moment: gathered, sent together, counted. */
export interface Desk {
  /** To be sent at the next moment; `then` hears the answer, unless it was refused. */
  later(
    by: Asker,
    method: string,
    path: string,
    body?: object,
    then?: (body: Told["body"]) => void,
  ): void;
  /** Does what is due by then: what workers do all the time, once a day is often enough. */
  work(at: Date): Promise<void>;
  /** Sends what was gathered, at this moment. */
  moment(at: Date): Promise<void>;
  /** How many were carried out, and how many a rule refused. */
  readonly counts: { readonly done: number; readonly refused: number };
}

type Ask = () => Promise<void>;

export function createDesk(history: History): Desk {
  const counts = { done: 0, refused: 0 };
  let waiting: Ask[] = [];
  return {
    counts,
    later(by, method, path, body, then) {
      waiting.push(async () => {
        const told = await history.ask(by, method, path, body);
        if (told.status >= 500 || told.status === 400) {
          throw new Error(
            `${method} ${path} answered ${told.status}: ${JSON.stringify(told.body)}`,
          );
        }
        if (told.status >= 300) counts.refused += 1;
        else counts.done += 1;
        if (told.status < 300) then?.(told.body);
      });
    },
    async work(at) {
      history.at(at);
      await history.work();
    },
    async moment(at) {
      history.at(at);
      const asks = waiting;
      waiting = [];
      const lane = async () => {
        for (let ask = asks.shift(); ask !== undefined; ask = asks.shift()) await ask();
      };
      await Promise.all(Array.from({ length: AT_ONCE }, lane));
    },
  };
}
