// How many events a second are verified and folded: node services/audit/bench/verify.ts [events]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { FakeBank } from "@countinghouse/testing/fake-bank";
import {
  canonicalJson,
  createNoteSigner,
  encodeBundle,
  formatVerifierKey,
  leafHash,
  partialsOf,
  signCheckpoint,
  TILE_WIDTH,
  TreeEdge,
  tilePath,
  tileWidth,
} from "@countinghouse/transparency";
import { BUNDLE_FILES, BUNDLE_FORMAT } from "@countinghouse/verifier";

const MAIN = resolve(import.meta.dirname, "../../../packages/cli/src/main.ts");
const EVENTS = Number(process.argv[2] ?? 1_000_000);
const ACCOUNTS = 10_000;

const folder = mkdtempSync(join(tmpdir(), "countinghouse-bench-"));
try {
  const size = writeBundle();
  process.stdout.write(`a bundle of ${size} events of ${ACCOUNTS} accounts\n`);
  const began = performance.now();
  const child = spawn(process.execPath, [MAIN, "audit", "verify", folder], { stdio: "inherit" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`verify ended with ${code}`);
  const seconds = (performance.now() - began) / 1000;
  process.stdout.write(
    `${size} events in ${seconds.toFixed(1)} s, the start of the command with it: `,
  );
  process.stdout.write(`${Math.round(size / seconds)} events/s\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A log of accounts that pay each other, decided by the domain, as an export writes it. */
function writeBundle(): number {
  const bank = new FakeBank();
  const ids = Array.from({ length: ACCOUNTS }, () => bank.open());
  for (const id of ids) bank.deposit(id, 1_000_000);
  const edge = TreeEdge.empty();
  const signer = createNoteSigner("bank.example/ledger/1", Buffer.alloc(32, 1));
  let [size, waiting] = [0, [] as Buffer[]];
  const put = (path: string, bytes: Uint8Array | string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  };
  const putBundle = (width: number) => {
    const index = Math.floor((size - 1) / TILE_WIDTH);
    put(tilePath({ level: "entries", index, width }), encodeBundle(waiting));
    waiting = [];
  };
  for (let round = 0; size < EVENTS; round += 1) {
    while (bank.events.length < ACCOUNTS) {
      const [from, to] = [ids[(7 * round) % ACCOUNTS], ids[(11 * round + 1) % ACCOUNTS]];
      round += 1;
      if (from !== undefined && to !== undefined && from !== to) bank.transfer(from, to, 1);
    }
    for (const event of bank.events.splice(0)) {
      const entry = Buffer.from(canonicalJson({ ...event, position: size + 1 }));
      waiting.push(entry);
      size += 1;
      edge.append(leafHash(entry), ({ level, index, hashes }) => {
        put(tilePath({ level, index, width: TILE_WIDTH }), hashes);
      });
      if (waiting.length === TILE_WIDTH) putBundle(TILE_WIDTH);
    }
  }
  if (waiting.length > 0)
    putBundle(tileWidth({ level: "entries", index: Math.floor(size / 256) }, size));
  for (const tile of partialsOf(size)) {
    if (tile.width > 0) put(tilePath(tile), edge.partialTile(Number(tile.level)));
  }
  put(BUNDLE_FILES.key, `${formatVerifierKey(signer.key)}\n`);
  put(BUNDLE_FILES.checkpoint, signCheckpoint(signer, { size, root: edge.root() }));
  put(BUNDLE_FILES.manifest, JSON.stringify({ format: BUNDLE_FORMAT, ledger: 1, size }));
  return size;
}
