import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** What a wire does with what goes through it. */
export type WireState =
  /** All of it goes through. */
  | { readonly kind: "whole" }
  /** Nobody listens; what was open is reset. */
  | { readonly kind: "refusing" }
  /** Whoever connects is reset at once, and what was open is, too. */
  | { readonly kind: "cut" }
  /** Connections stay and new ones come about; not a byte goes on until the state changes. */
  | { readonly kind: "silent" }
  /** Each piece is late by `ms` and, with the chance `lossy`, by a retransmission of up to 1 s. */
  | { readonly kind: "slow"; readonly ms: number; readonly lossy: number }
  /** The request goes on; with this chance its answer does not, and both sides are reset. */
  | { readonly kind: "losing"; readonly chance: number };

export const WHOLE: WireState = { kind: "whole" };
/** A lost packet is sent again after this long at most. */
const RETRANSMISSION_MS = 1_000;

/** How often a wire looks whether the process at its end is there again. */
const LOOK_AGAIN_MS = 50;

/**
 * A TCP proxy between two processes, which can be broken. Where nobody listens at its end nobody
 * listens at its beginning, so that who connects is refused as without it.
 */
export interface Wire {
  readonly name: string;
  readonly port: number;
  /** Answers that were thrown away. */
  readonly lost: number;
  /** Where connections go from now on: each to the next of these, past those that refuse. */
  leadTo(ports: readonly number[]): void;
  /** Takes effect on open connections, too. */
  become(state: WireState): Promise<void>;
  close(): Promise<void>;
}

/** Opens a wire on this port of 127.0.0.1. `random` decides what is lost. */
export async function openWire(name: string, port: number, random: () => number): Promise<Wire> {
  const wire = new TcpWire(name, port, random);
  await wire.become(WHOLE);
  return wire;
}

class TcpWire implements Wire {
  readonly name: string;
  readonly port: number;
  lost = 0;
  readonly #random: () => number;
  readonly #open = new Set<Socket>();
  #server: Server | undefined;
  #targets: readonly number[] = [];
  #turn = 0;
  #looking: NodeJS.Timeout | undefined;
  #state: WireState = { kind: "refusing" };
  #changed = Promise.withResolvers<void>();

  constructor(name: string, port: number, random: () => number) {
    this.name = name;
    this.port = port;
    this.#random = random;
  }

  leadTo(ports: readonly number[]): void {
    this.#targets = ports;
  }

  async become(state: WireState): Promise<void> {
    this.#state = state;
    clearTimeout(this.#looking);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    if (state.kind === "refusing" || state.kind === "cut") this.#resetAll();
    if (state.kind === "refusing") this.#stopListening();
    else await this.#listen();
  }

  async close(): Promise<void> {
    this.#state = { kind: "refusing" };
    clearTimeout(this.#looking);
    this.#resetAll();
    this.#stopListening();
  }

  #resetAll(): void {
    for (const socket of this.#open) reset(socket);
  }

  async #listen(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
      void this.#join(client);
    });
    this.#server = server;
    server.listen(this.port, "127.0.0.1");
    await once(server, "listening");
  }

  #stopListening(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  async #join(client: Socket): Promise<void> {
    this.#keep(client);
    if (this.#state.kind === "cut") return reset(client);
    const server = await this.#reach();
    if (server === undefined || client.destroyed) {
      if (server === undefined) this.#refuse();
      else reset(server);
      return reset(client);
    }
    this.#keep(server);
    client.once("error", () => reset(server));
    client.once("close", () => client.readableEnded || reset(server));
    server.once("close", () => server.readableEnded || void this.#lost(client));
    this.#pump(client, server, false);
    this.#pump(server, client, true);
  }

  async #lost(client: Socket): Promise<void> {
    await this.#mirror();
    reset(client);
  }

  /** Of a process that has ended nobody is accepted any more, before its connections end. */
  async #mirror(): Promise<void> {
    const probe = await this.#reach();
    if (probe === undefined) this.#refuse();
    else probe.destroy();
  }

  #refuse(): void {
    if (this.#state.kind === "refusing") return;
    this.#stopListening();
    clearTimeout(this.#looking);
    this.#looking = setTimeout(() => void this.#look(), LOOK_AGAIN_MS);
  }

  async #look(): Promise<void> {
    const probe = await this.#reach();
    probe?.destroy();
    if (probe === undefined) this.#refuse();
    else if (this.#state.kind !== "refusing") await this.#listen();
  }

  #keep(socket: Socket): void {
    this.#open.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.once("close", () => this.#open.delete(socket));
  }

  async #reach(): Promise<Socket | undefined> {
    for (let tries = 0; tries < this.#targets.length; tries += 1) {
      this.#turn += 1;
      const port = this.#targets[this.#turn % this.#targets.length] ?? 0;
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      const isThere = await Promise.race([
        once(socket, "connect").then(() => true),
        once(socket, "close").then(() => false),
      ]).catch(() => false);
      if (isThere) return socket;
    }
    return undefined;
  }

  #pump(from: Socket, to: Socket, isAnswer: boolean): void {
    let sending = Promise.resolve();
    from.on("data", (piece) => {
      from.pause();
      sending = sending
        .then(() => this.#pass(piece, from, to, isAnswer))
        .then(() => void from.resume());
    });
    from.once("end", () => {
      sending = sending
        .then(() => this.#untilHeard())
        .then(() => (isAnswer ? this.#mirror() : undefined))
        .then(() => void to.end());
    });
    from.resume();
  }

  async #pass(piece: Buffer, from: Socket, to: Socket, isAnswer: boolean): Promise<void> {
    await this.#untilHeard();
    const state = this.#state;
    if (state.kind === "slow") {
      const again = this.#random() < state.lossy ? this.#random() * RETRANSMISSION_MS : 0;
      await delay(state.ms + again);
    }
    if (state.kind === "losing" && isAnswer && this.#random() < state.chance) {
      this.lost += 1;
      reset(from);
      reset(to);
      return;
    }
    if (to.destroyed || to.write(piece)) return;
    await Promise.race([once(to, "drain"), once(to, "close")]).catch(() => {});
  }

  async #untilHeard(): Promise<void> {
    while (this.#state.kind === "silent") await this.#changed.promise;
  }
}

function reset(socket: Socket): void {
  if (!socket.destroyed) socket.resetAndDestroy();
}
