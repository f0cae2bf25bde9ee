// How long proofs take in a large tree: node services/audit/bench/proofs.ts [leaves]
import { randomInt } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deriveKey } from "@countinghouse/service-kit";
import { openWorld, type World } from "@countinghouse/testing/world";
import {
  createNoteSigner,
  type FullTile,
  leafHash,
  partialsOf,
  signCheckpoint,
  TILE_WIDTH,
  TreeEdge,
} from "@countinghouse/transparency";
import pg from "pg";
import { CHECKPOINT_KEY, gatewaySigner, startAudit, startRelay } from "./processes.ts";

const LEAVES = Number(process.argv[2] ?? 10_000_000);
const [REQUESTS, WARM_UP, AT_ONCE] = [4_000, 500, 4];
const ROWS = 256;
const USER = "11111111-1111-4111-8111-111111111111";

const world = await openWorld();
try {
  const began = performance.now();
  await fillTree(world);
  const seconds = Math.round((performance.now() - began) / 1000);
  process.stdout.write(`a tree of ${LEAVES} leaves, made in ${seconds} s\n`);
  const relay = await startRelay(world);
  const audit = await startAudit(world, relay, { COMPARE_RATE: "0" });
  const position = () => randomInt(1, LEAVES + 1);
  const paths: Record<string, () => string> = {
    "inclusion, newest size": () => `inclusion?position=${position()}`,
    "inclusion, any size": () => {
      const treeSize = position();
      return `inclusion?position=${randomInt(1, treeSize + 1)}&treeSize=${treeSize}`;
    },
    "consistency, to the newest size": () => `consistency?from=${position()}&to=${LEAVES}`,
  };
  for (const [what, path] of Object.entries(paths)) {
    const times = await timesOf(audit.url, path);
    process.stdout.write(`${what.padEnd(32)} ${shown(times)}\n`);
  }
  await audit.end();
  await relay.end();
} finally {
  await world.close();
}

/** Writes the tiles as the service would have; the events that they are of do not matter here. */
async function fillTree({ asAdmin, server, folder }: World): Promise<void> {
  const url = new URL(server.adminUrl);
  url.pathname = "/countinghouse_audit";
  const client = new pg.Client(url.href);
  await client.connect();
  const edge = TreeEdge.empty();
  let tiles: FullTile[] = [];
  const flush = async () => {
    const columns = [
      tiles.map(({ level }) => level),
      tiles.map(({ index }) => index),
      tiles.map(({ hashes }) => hashes),
      tiles.map(({ root }) => root),
    ];
    tiles = [];
    await client.query(
      `INSERT INTO audit.tiles
       SELECT 1, * FROM unnest($1::int[], $2::bigint[], $3::bytea[], $4::bytea[])`,
      columns,
    );
  };
  const entry = (index: number) => Buffer.from(`entry ${index}`);
  for (let index = 0; index < LEAVES; index += 1) {
    edge.append(leafHash(entry(index)), (tile) => tiles.push(tile));
    if (tiles.length >= ROWS) await flush();
  }
  if (tiles.length > 0) await flush();
  const [{ width } = { width: 0 }] = partialsOf(LEAVES);
  const left = width % TILE_WIDTH;
  for (let index = LEAVES - left; index < LEAVES; index += 1) {
    await client.query("INSERT INTO audit.tail VALUES (1, $1, $2)", [index + 1, entry(index)]);
  }
  const head = { size: LEAVES, root: edge.root() };
  const seed = deriveKey(CHECKPOINT_KEY, "checkpoint:1");
  const note = signCheckpoint(createNoteSigner("countinghouse.localhost/ledger/1", seed), head);
  await client.query("INSERT INTO audit.trees VALUES (1, $1, $2)", [head.size, head.root]);
  await client.query("INSERT INTO audit.checkpoints VALUES (1, $1, $2)", [head.size, note]);
  await client.end();
  mkdirSync(join(folder, "checkpoints"));
  writeFileSync(join(folder, "checkpoints/ledger-1.checkpoint"), note);
  await asAdmin("audit", "VACUUM ANALYZE audit.tiles");
}

async function timesOf(url: string, path: () => string): Promise<number[]> {
  const signer = gatewaySigner();
  const user = { userId: USER, sessionId: USER, roles: ["auditor" as const] };
  const headers = { authorization: `Bearer ${signer.forUser("audit", user)}` };
  const times: number[] = [];
  let left = REQUESTS + WARM_UP;
  const work = async () => {
    while (left > 0) {
      left -= 1;
      const isWarm = left < REQUESTS;
      const began = performance.now();
      const answer = await fetch(`${url}/v1/audit/proofs/${path()}`, { headers });
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(`${answer.status}`);
      if (isWarm) times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return times;
}

function shown(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, slowest ${at(0.9999)} ms (${sorted.length})`;
}
