import { createPublicKey, verify } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import {
  createCosigner,
  formatVerifierKey,
  type NoteSigner,
  type VerifierKey,
  verifyConsistency,
} from "@countinghouse/transparency";

const SPKI_OF_ED25519 = Buffer.from("302a300506032b6570032100", "hex");
const NAME = "witness.example/w";

/** What came in one request. */
export interface Asked {
  readonly old: number;
  readonly size: number;
  readonly proof: readonly Buffer[];
}

/**
 * A witness of the C2SP protocol, which believes nothing: it reads requests and checks signatures
 * by itself, and signs a log only as it grows.
 */
export class TestWitness {
  readonly asked: Asked[] = [];
  readonly statuses: number[] = [];
  readonly signer: NoteSigner;
  /** The log that it knows the key of. */
  log: VerifierKey | undefined;
  /** What it does instead of answering, while it is there. */
  instead: ((response: ServerResponse) => void) | undefined;
  #server: Server | undefined;
  #last: { size: number; root: Buffer } = { size: 0, root: Buffer.alloc(0) };

  constructor(seed = 1) {
    const clock = () => Math.floor(Date.now() / 1_000);
    this.signer = createCosigner(`${NAME}${seed}`, Buffer.alloc(32, seed), clock);
  }

  async open(): Promise<void> {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** As a setting names it. */
  get setting(): string {
    const address = this.#server?.address() as AddressInfo | undefined;
    return `${formatVerifierKey(this.signer.key)} http://127.0.0.1:${address?.port}/base/`;
  }

  get size(): number {
    return this.#last.size;
  }

  /** It has seen another state of the log than the log's operator says. */
  remember(size: number, root: Buffer): void {
    this.#last = { size, root };
  }

  close(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    if (this.instead !== undefined) return this.instead(response);
    const end = (status: number, answer = "", type = "text/plain") => {
      this.statuses.push(status);
      response.writeHead(status, { "content-type": type }).end(answer);
    };
    if (request.method !== "POST" || request.url !== "/base/add-checkpoint") return end(404);
    const cut = body.indexOf("\n\n");
    const [first = "", ...lines] = body.slice(0, cut).split("\n");
    const note = body.slice(cut + 2);
    const signed = note.slice(0, note.indexOf("\n\n") + 1);
    const [origin, sizeText = "", rootText = ""] = signed.split("\n");
    const [, oldText] = /^old (0|[1-9]\d*)$/.exec(first) ?? [];
    if (oldText === undefined || !/^[1-9]\d*$/.test(sizeText)) return end(400);
    const [old, size] = [Number(oldText), Number(sizeText)];
    const proof = lines.map((line) => Buffer.from(line, "base64"));
    this.asked.push({ old, size, proof });
    if (origin !== this.log?.name) return end(404);
    if (!this.#isSigned(note, signed)) return end(403);
    if (old > size) return end(400);
    if (old !== this.#last.size) return end(409, `${this.#last.size}\n`, "text/x.tlog.size");
    const next = { size, root: Buffer.from(rootText, "base64") };
    if (!this.#goesOn(next, proof)) return end(422);
    this.#last = next;
    end(200, this.signer.sign(signed));
  }

  #goesOn(next: { size: number; root: Buffer }, proof: readonly Buffer[]): boolean {
    if (this.#last.size === 0) return proof.length === 0;
    return verifyConsistency(this.#last, next, proof);
  }

  #isSigned(note: string, signed: string): boolean {
    const line = note.slice(signed.length + 1).split("\n")[0] ?? "";
    const bytes = Buffer.from(line.split(" ")[2] ?? "", "base64");
    const spki = Buffer.concat([SPKI_OF_ED25519, this.log?.publicKey ?? Buffer.alloc(0)]);
    const key = createPublicKey({ key: spki, format: "der", type: "spki" });
    return verify(null, Buffer.from(signed), key, bytes.subarray(4));
  }
}
