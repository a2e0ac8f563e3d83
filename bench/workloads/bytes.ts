// Bytes: one small map write (key and value ten bytes together) in a session, writer to relay and relay to reader,
// counted on the socket with WebSocket framing, acknowledgements in the other direction apart; and a snapshot of
// 100,000 small map entries, raw and gzipped, with the time to load it up to the first read.
import { setTimeout as rest } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { compressSnapshot, createReplica, decompressSnapshot, map, schema } from "../../host/index.ts";
import { serve } from "../../host/relay.ts";
import { countingProxy } from "../counting-proxy.ts";
import { itemKey, itemOf, type Rival } from "../rivals/rival.ts";
import { entrantOf } from "../rivals/roster.ts";
import { collectGarbage, elapsedNs, median } from "../timing.ts";
import type { Circumstances, Figure, Outcome, Workload } from "../workload.ts";

const Settings = schema({ settings: map<Record<string, number>>() });
/** Long enough between two writes for each to be a turn, a frame and an acknowledgement of its own. */
const PAUSE_MS = 5;
const VALUE_BASE = 100_000;

async function wireBytes(engine: "wasm" | "baseline", writes: number): Promise<Outcome> {
  const hub = await createReplica({ engine });
  const relay = await serve(hub, { port: 0, host: "127.0.0.1" });
  const [up, down] = [await countingProxy(relay.port), await countingProxy(relay.port)];
  const [writer, reader] = [await createReplica({ engine }), await createReplica({ engine })];
  const [source, copy] = [await writer.open("home", Settings), await reader.open("home", Settings)];
  const upLink = await writer.connect(`ws://127.0.0.1:${up.port}`);
  await reader.connect(`ws://127.0.0.1:${down.port}`);
  const write = async (index: number): Promise<void> => {
    source.settings.set(`k${String(index).padStart(4, "0")}`, VALUE_BASE + index);
    await rest(PAUSE_MS);
  };
  await write(0);
  await upLink.synced();
  await rest(200);
  up.reset();
  down.reset();
  for (let index = 1; index <= writes; index += 1) await write(index);
  await upLink.synced();
  for (let wait = 0; wait < 200 && copy.settings.size <= writes; wait += 1) await rest(10);
  const check = `${copy.settings.size} ${copy.settings.get(`k${String(writes).padStart(4, "0")}`)}`;
  const figure = (what: string, bytes: number): Figure => ({
    figure: `one map write of 10 bytes, ${what}, ${engine}`,
    value: bytes / writes,
    unit: "bytes",
  });
  const figures = [
    figure("writer to relay", up.upBytes),
    figure("relay to reader", down.downBytes),
    figure("acknowledged to writer", up.downBytes),
    figure("acknowledged by reader", down.upBytes),
  ];
  await Promise.all([writer.close(), reader.close()]);
  await relay.close();
  await hub.close();
  up.close();
  down.close();
  return { samples: [], figures, check };
}

/** The same entries by numbers in no order: those of `itemKey` are a fixed step apart, which columns see through. */
function shuffledSnapshot(rival: Rival, entries: number): Uint8Array {
  const ids = Array.from({ length: entries }, (_, index) => index);
  let state = 1;
  for (let index = entries - 1; index > 0; index -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = Math.floor((state / 0x1_0000_0000) * (index + 1));
    [ids[index], ids[other]] = [ids[other] as number, ids[index] as number];
  }
  const writer = rival.create(1);
  writer.batch(() => {
    for (const id of ids) {
      const on = ((Math.imul(id, 0x9e3779b1) >>> 13) & 1) === 1;
      writer.set(`profile/user:${id}`, { id, name: `user ${id}`, on });
    }
  });
  const snapshot = Uint8Array.from(writer.snapshot());
  writer.close();
  return snapshot;
}

/** What `compressSnapshot` makes of a snapshot of this package. */
async function compressedFigures(
  competitor: string,
  entries: number,
  snapshot: Uint8Array,
  shuffled: Uint8Array,
): Promise<Figure[]> {
  if (competitor !== "baseline" && competitor !== "wasm") return [];
  const start = performance.now();
  const compressed = await compressSnapshot(snapshot);
  const compressedMs = performance.now() - start;
  const restored = await decompressSnapshot(compressed);
  const decompressedMs = performance.now() - start - compressedMs;
  if (Buffer.compare(restored, snapshot) !== 0) throw new Error("the snapshot did not come back");
  const name = `snapshot of ${entries} entries compressed`;
  const shuffledBytes = (await compressSnapshot(shuffled)).length;
  return [
    { figure: `${name}, numbers in no order, ${competitor}`, value: shuffledBytes, unit: "bytes" },
    { figure: `${name}, ${competitor}`, value: compressed.length, unit: "bytes" },
    { figure: `${name}, time to compress, ${competitor}`, value: compressedMs, unit: "ms" },
    { figure: `${name}, time to decompress, ${competitor}`, value: decompressedMs, unit: "ms" },
  ];
}

async function snapshotBytes({ competitor, isQuick }: Circumstances): Promise<Outcome> {
  const rival = await entrantOf(competitor).open();
  const entries = isQuick ? 100 : 100_000;
  const writer = rival.create(1);
  writer.batch(() => {
    for (let index = 0; index < entries; index += 1) writer.set(itemKey(index), itemOf(index));
  });
  const snapshot = Uint8Array.from(writer.snapshot());
  writer.close();
  const times: number[] = [];
  for (let load = 0; load < (isQuick ? 2 : 9); load += 1) {
    collectGarbage();
    times.push(
      elapsedNs(() => {
        const document = rival.load(snapshot, 2);
        if (document.get(itemKey(0)) === undefined) throw new Error("the snapshot was not loaded");
        document.close();
      }),
    );
  }
  const figures: Figure[] = [
    { figure: `snapshot of ${entries} entries, ${competitor}`, value: snapshot.length, unit: "bytes" },
    {
      figure: `snapshot of ${entries} entries gzipped, ${competitor}`,
      value: gzipSync(snapshot).length,
      unit: "bytes",
    },
    ...(await compressedFigures(competitor, entries, snapshot, shuffledSnapshot(rival, entries))),
    { figure: `snapshot load, first, ${competitor}`, value: (times[0] as number) / 1e6, unit: "ms" },
    { figure: `snapshot load, median, ${competitor}`, value: median(times) / 1e6, unit: "ms" },
  ];
  return { samples: [], figures, check: "" };
}

export const bytes: readonly Workload[] = [
  {
    name: "bytes-wire",
    competitors: ["baseline", "wasm"],
    rounds: 1,
    run: ({ competitor, isQuick }) => wireBytes(competitor as "wasm" | "baseline", isQuick ? 10 : 300),
  },
  {
    name: "bytes-snapshot",
    competitors: ["baseline", "wasm", "yjs", "@automerge/automerge"],
    rounds: 3,
    run: snapshotBytes,
  },
];
