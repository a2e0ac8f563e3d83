// What a relay bears: connections and documents that do nothing, a reader that stops reading, and everybody coming back
// at once after it was killed.
import { join } from "node:path";
import { freePort, pause, type Role, startClients, startRelay, until } from "../network/fork.ts";
import type { Where } from "../network/role.ts";
import { missing, systems } from "../network/roster.ts";
import type { Circumstances, Figure, Outcome, Workload } from "../workload.ts";
import { relayOf } from "./network.ts";

const KIB = 1_024;
const MIB = 2 ** 20;
const WITHIN_MS = 120_000;
const OURS = "jarvis-crdt";

async function idle({ competitor, isQuick, dataFolder }: Circumstances): Promise<Outcome> {
  const connections = isQuick ? 20 : 1_000;
  const seconds = isQuick ? 1 : 30;
  const { relay, where } = await relayOf(competitor);
  const readers = startClients();
  await readers.call("read", where, Math.ceil(connections / 10));
  const before = await relay.call("usage", true);
  await readers.call("read", where, connections);
  const after = await relay.call("usage", true);
  const { bytes: bytesBefore } = await relay.call("wire");
  await pause(seconds * 1_000);
  const { bytes, connections: open } = await relay.call("wire");
  const expected = connections + Math.ceil(connections / 10);
  if (open !== expected) throw new Error(`${open} connections of ${expected}`);
  await Promise.all([relay.end(), readers.end()]);
  const figure = (what: string, value: number, unit: string): Figure => ({
    figure: `net-idle · ${competitor} · ${what}`,
    value,
    unit,
  });
  const figures = [
    figure("a connection, alive", (after.aliveBytes - before.aliveBytes) / connections / KIB, "KiB"),
    figure("a connection, resident", (after.residentBytes - before.residentBytes) / connections / KIB, "KiB"),
    figure("a connection, on the wire", (bytes - bytesBefore) / open / seconds, "bytes/s"),
  ];
  if (competitor === OURS) figures.push(...(await coldDocuments(isQuick ? 20 : 4_000, dataFolder, figure)));
  return { samples: [], figures, check: "all connections are open" };
}

async function coldDocuments(
  count: number,
  dataFolder: string,
  figure: (what: string, value: number, unit: string) => Figure,
): Promise<Figure[]> {
  const { relay, where } = await relayOf(OURS, join(dataFolder, `cold-${process.pid}`));
  const clients = startClients();
  const touch = async (from: number, documents: number) => {
    await clients.call("touch", where, from, documents);
    const openThen = await relay.call("openDocuments");
    await until(
      () => relay.call("openDocuments"),
      (open) => open === 0,
      WITHIN_MS,
    );
    return { openThen, ...(await relay.call("usage", true)) };
  };
  await touch(0, Math.ceil(count / 4));
  const before = await touch(count, Math.ceil(count / 4));
  const after = await touch(2 * count, count);
  await Promise.all([relay.end(), clients.end()]);
  return [
    figure("a cold document, alive", (after.aliveBytes - before.aliveBytes) / count, "bytes"),
    figure("a cold document, resident", (after.residentBytes - before.residentBytes) / count, "bytes"),
  ];
}

const PAUSED_UPDATES = 4_000;
const PAUSED_VALUE_BYTES = 40_894;
const PAUSED_KEYS = 16;

/** One client stops reading (its process is stopped) while 156 MiB go past it, in values that replace each other. */
async function pausedReader({ competitor, isQuick }: Circumstances): Promise<Outcome> {
  const updates = isQuick ? 50 : PAUSED_UPDATES;
  const { relay, where } = await relayOf(competitor);
  const writers = startClients();
  const readers = startClients((progress) => writers.pass(progress));
  const paused = startClients();
  await writers.call("join", where, 1);
  await readers.call("read", where, 1);
  await paused.call("join", where, 1);
  const overwrite = (count: number) => writers.call("overwrite", count, PAUSED_KEYS, 64, PAUSED_VALUE_BYTES);
  await overwrite(Math.ceil(updates / 4));
  const { residentBytes } = await relay.call("usage", true);
  paused.signal("SIGSTOP");
  const watch = watchResident(relay);
  const written = await overwrite(updates);
  await until(
    () => readers.call("progressed"),
    (least) => least >= written,
    WITHIN_MS,
  );
  const peakBytes = await watch.stop();
  paused.signal("SIGCONT");
  const resumedAt = performance.now();
  const expected = Array.from({ length: PAUSED_KEYS }, (_, index) => lastOf(index, written));
  const isEqual = (values: readonly number[]) => values.every((value, index) => value === expected[index]);
  await until(() => paused.call("values", PAUSED_KEYS), isEqual, WITHIN_MS);
  const convergedMs = performance.now() - resumedAt;
  await Promise.all([relay.end(), writers.end(), readers.end(), paused.end()]);
  const name = `net-paused-reader · ${competitor}`;
  const figures = [
    { figure: `${name} · sent past it`, value: (updates * PAUSED_VALUE_BYTES) / MIB, unit: "MiB" },
    { figure: `${name} · growth of the relay`, value: (peakBytes - residentBytes) / MIB, unit: "MiB" },
    { figure: `${name} · converged after resuming`, value: convergedMs, unit: "ms" },
  ];
  return { samples: [], figures, check: "the paused reader has the last values" };
}

/** The last number below `written` that went to a key. */
function lastOf(key: number, written: number): number {
  return written - 1 - ((((written - 1 - key) % PAUSED_KEYS) + PAUSED_KEYS) % PAUSED_KEYS);
}

function watchResident(relay: Role): { stop(): Promise<number> } {
  let isWatching = true;
  const peak = (async () => {
    let most = 0;
    while (isWatching) {
      most = Math.max(most, (await relay.call("usage")).residentBytes);
      await pause(20);
    }
    return most;
  })();
  return {
    stop: () => {
      isWatching = false;
      return peak;
    },
  };
}

const HERD_DOCUMENTS = 50;
const HERD_PROCESSES = 4;

/** The relay is killed and another takes its place, empty: everything comes back from the clients. */
async function herd({ isQuick }: Circumstances): Promise<Outcome> {
  const each = isQuick ? 10 : 250;
  const port = await freePort();
  const relay = startRelay();
  const { url, document } = await relay.call("serve", OURS, port);
  const where: Where = { system: OURS, url, document };
  const crowds = Array.from({ length: HERD_PROCESSES }, () => startClients());
  await Promise.all(crowds.map((crowd) => crowd.call("joinCrowd", where, each, HERD_DOCUMENTS)));
  await Promise.all(crowds.map((crowd) => crowd.call("writeOnce", "before")));
  await Promise.all(crowds.map((crowd) => crowd.call("synced")));
  relay.signal("SIGKILL");
  await Promise.all(crowds.map((crowd) => crowd.call("writeOnce", "while away")));
  await pause(isQuick ? 50 : 1_000);
  const next = startRelay();
  await next.call("serve", OURS, port);
  const start = performance.now();
  await Promise.all(crowds.map((crowd) => crowd.call("synced")));
  const sizes = () => Promise.all(crowds.map((crowd) => crowd.call("sizes")));
  // Every document has as many clients from each process, give or take one, and two entries of each client.
  const expected = (index: number) =>
    2 * HERD_PROCESSES * Math.ceil((each - (index % HERD_DOCUMENTS)) / HERD_DOCUMENTS);
  const isWhole = (all: readonly (readonly number[])[]) =>
    all.every((crowd) => crowd.every((size, index) => size === expected(index)));
  await until(sizes, isWhole, WITHIN_MS);
  const syncedMs = performance.now() - start;
  const { peak, peakJoined } = await next.call("wire");
  const { cpuMs } = await next.call("usage");
  await Promise.all([next.end(), ...crowds.map((crowd) => crowd.end())]);
  const figures = [
    { figure: "net-herd · let in within a second, at most", value: peakJoined, unit: "clients" },
    { figure: "net-herd · connections opened within a second, at most", value: peak, unit: "sockets" },
    { figure: `net-herd · ${each * HERD_PROCESSES} clients in sync after`, value: syncedMs, unit: "ms" },
    { figure: "net-herd · relay CPU", value: cpuMs, unit: "ms" },
  ];
  return { samples: [], figures, check: "every client has every entry of its document" };
}

const withReaders = systems.filter(({ read }) => read !== undefined).map(({ name }) => name);
const withState = withReaders.filter((name) => name !== "raw ws");

export const networkLoads: readonly Workload[] = [
  { name: "net-idle", competitors: withReaders, rounds: 1, missing, run: idle },
  { name: "net-paused-reader", competitors: withState, rounds: 1, missing, run: pausedReader },
  { name: "net-herd", competitors: [OURS], rounds: 1, run: herd },
];
