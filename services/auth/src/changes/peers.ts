import { randomUUID } from "node:crypto";
import type { Logger } from "@countinghouse/service-kit";
import type { Kysely } from "kysely";
import type { Tables } from "../tables.ts";
import { openChannel } from "./channel.ts";
import { type Change, type Message, notify } from "./message.ts";
import { createReceipts, type Receipts } from "./receipts.ts";

export const PULSE_EVERY_MS = 500;
/**
 * A gateway that hears nothing forgets all after 1.5 s. The last line it may have got before a
 * change is due to a pulse from before the change, which came back within 0.8 s. So when a change
 * is so long ago, nobody acts on what was before, whoever was or was not heard from.
 */
const SETTLED_AFTER_MS = 3_000;
/** In one message of at most 8,000 bytes. */
const SESSIONS_AT_ONCE = 150;

export interface Announcement {
  /** Resolves once every gateway has taken note or remembers nothing, at most 3 s from now. */
  settled(): Promise<void>;
}

export interface PeerHandlers {
  /** Only listens and announces; nobody follows it, so nobody has to wait for it. */
  readonly isGuest?: boolean;
  /** A pulse of ours has come back: everything that was said before it has been heard. */
  onPulse(sentAtMs: number): void;
  /** What was said before may have been missed; nothing is from now on. */
  onListening(): Promise<void>;
  /** Resolves once all gateways of this process have taken note; else all begins anew. */
  onChange(change: Change): Promise<void>;
  onNote(follower: string, seq: number): void;
  /** Changes may have been missed from some time before now. */
  onLost(): void;
}

/** The other processes of auth on the same database, and this one among them. */
export interface Peers {
  /** Announces when the transaction of `db` commits; gives what to settle then. */
  announce(db: Kysely<Tables>, change: Change): Promise<Announcement>;
  /** Tells the others that a gateway of one of them has taken note. */
  passOn(follower: string, seq: number): void;
  /** Says goodbye, unless others have to wait till the gateways of this process have forgotten. */
  stop(isFollowed: boolean): Promise<void>;
}

export function joinPeers(databaseUrl: string, logger: Logger, handlers: PeerHandlers): Peers {
  const me = randomUUID();
  const receipts = createReceipts();
  /** When each process was last heard of. */
  const heardAtMs = new Map<string, number>();
  const channel = openChannel(databaseUrl, logger, PULSE_EVERY_MS, {
    onMessage,
    onListening: handlers.onListening,
    onTick() {
      if (handlers.isGuest) return;
      void channel.send({ kind: "pulse", by: me, sentAtMs: performance.now() });
    },
    onLost() {
      heardAtMs.clear();
      handlers.onLost();
    },
  });

  function onMessage(message: Message): void {
    switch (message.kind) {
      case "pulse":
        heardAtMs.set(message.by, performance.now());
        if (message.by === me) handlers.onPulse(message.sentAtMs);
        break;
      case "bye":
        heardAtMs.delete(message.by);
        receipts.gone(message.by);
        break;
      case "change":
        receipts.heard(message.id, present());
        if (!handlers.isGuest) void takeNote(message.id, message);
        break;
      case "done":
        receipts.done(message.id, message.by);
        break;
      case "note":
        handlers.onNote(message.follower, message.seq);
        break;
    }
  }

  async function takeNote(id: string, change: Change): Promise<void> {
    try {
      await handlers.onChange(change);
      await channel.send({ kind: "done", id, by: me });
    } catch (error) {
      channel.fail(error as Error);
    }
  }

  function present(): string[] {
    const since = performance.now() - SETTLED_AFTER_MS;
    for (const [id, atMs] of heardAtMs) if (atMs < since) heardAtMs.delete(id);
    return [...heardAtMs.keys()];
  }

  return {
    announce: (db, change) => announce(db, change, receipts),
    passOn(follower, seq) {
      void channel.send({ kind: "note", follower, seq });
    },
    async stop(isFollowed) {
      if (!isFollowed) await channel.send({ kind: "bye", by: me });
      await channel.stop();
    },
  };
}

async function announce(
  db: Kysely<Tables>,
  { sessions = [], keys = false }: Change,
  receipts: Receipts,
): Promise<Announcement> {
  const parts: string[] = [];
  for (const change of [...inParts(sessions), ...(keys ? [{ keys }] : [])]) {
    const id = randomUUID();
    receipts.expect(id);
    parts.push(id);
    await notify(db, { kind: "change", id, ...change }).catch(async (error: unknown) => {
      await Promise.all(parts.map((part) => receipts.settled(part, 0)));
      throw error;
    });
  }
  const all = () => Promise.all(parts.map((id) => receipts.settled(id, SETTLED_AFTER_MS)));
  return { settled: () => all().then(() => undefined) };
}

function inParts(sessions: readonly string[]): Change[] {
  const starts = Array.from({ length: Math.ceil(sessions.length / SESSIONS_AT_ONCE) }, (_, i) => {
    return i * SESSIONS_AT_ONCE;
  });
  return starts.map((at) => ({ sessions: sessions.slice(at, at + SESSIONS_AT_ONCE) }));
}
