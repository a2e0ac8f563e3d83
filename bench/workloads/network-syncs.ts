// What catching up costs a client: the first sync of a large document, and what it missed while it was away. The
// client is this process, and its processor time is what counts.
import { startClients, until } from "../network/fork.ts";
import { missing, systemOf, systems } from "../network/roster.ts";
import type { Client } from "../network/system.ts";
import type { Circumstances, Outcome, Workload } from "../workload.ts";
import { relayOf } from "./network.ts";

const WITHIN_MS = 120_000;
const MISSED = 10_000;
const ENTRIES = 100_000;
/** A document beside the measured one, so that loading the code does not count. */
const WARM_UP_DOCUMENT = "warm-up";

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

/**
 * Resolves once the client has so many entries. Listens to changes only where the system's own promise of being in
 * sync came too early: telling of ten thousand changes costs more than merging them.
 */
async function reached(client: Client, size: number): Promise<void> {
  await client.synced();
  if (client.size >= size) return;
  await new Promise<void>((resolve) => {
    const check = () => {
      if (client.size >= size) resolve();
    };
    client.onRemote(check);
    check();
  });
}

const outcomeOf = (
  name: string,
  competitor: string,
  n: number,
  spentMs: number,
  wallMs: number,
): Outcome => ({
  samples: [{ workload: name, n, nsPerOp: (spentMs * 1e6) / n }],
  figures: [
    { figure: `${name} · ${competitor} · client CPU`, value: spentMs, unit: "ms" },
    { figure: `${name} · ${competitor} · wall`, value: wallMs, unit: "ms" },
  ],
  check: "the client has every entry",
});

async function firstSync({ competitor, isQuick }: Circumstances): Promise<Outcome> {
  const entries = isQuick ? 500 : ENTRIES;
  const { relay, where } = await relayOf(competitor);
  const { url, document } = where;
  const writers = startClients();
  await writers.call("join", where, 1);
  await writers.call("fill", entries);
  const watcher = startClients();
  await watcher.call("join", where, 1);
  await until(
    () => watcher.call("sizes"),
    ([size = 0]) => size >= entries,
    WITHIN_MS,
  );
  const { join } = systemOf(competitor);
  if (document !== WARM_UP_DOCUMENT && !document.includes(":")) await join(url, WARM_UP_DOCUMENT);
  const before = cpuMs();
  const start = performance.now();
  const client = await join(url, document);
  await reached(client, entries);
  const spentMs = cpuMs() - before;
  const wallMs = performance.now() - start;
  if (client.size !== entries) throw new Error(`${client.size} of ${entries} entries`);
  await Promise.all([relay.end(), writers.end(), watcher.end()]);
  return outcomeOf("net-first-sync", competitor, entries, spentMs, wallMs);
}

async function missedUpdates({ competitor, isQuick }: Circumstances): Promise<Outcome> {
  const missed = isQuick ? 200 : competitor === "automerge-repo" ? 500 : MISSED;
  const { relay, where } = await relayOf(competitor);
  const writers = startClients();
  const readers = startClients((updates) => writers.pass(updates));
  await writers.call("join", where, 1);
  const client = await systemOf(competitor).join(where.url, where.document);
  await client.disconnect();
  await readers.call("read", where, 1);
  const span = { leastMs: WITHIN_MS, mostMs: WITHIN_MS, updatesMin: missed, updatesMax: missed };
  await writers.call("write", span, 1_000, 8);
  await until(
    () => readers.call("progressed"),
    (least) => least >= missed,
    WITHIN_MS,
  );
  const before = cpuMs();
  const start = performance.now();
  await client.reconnect();
  await reached(client, missed);
  const spentMs = cpuMs() - before;
  const wallMs = performance.now() - start;
  if (client.size !== missed) throw new Error(`${client.size} of ${missed} entries`);
  await Promise.all([relay.end(), writers.end(), readers.end()]);
  return outcomeOf("net-missed-updates", competitor, missed, spentMs, wallMs);
}

const competitors = systems.map(({ name }) => name).filter((name) => name !== "raw ws");

export const networkSyncs: readonly Workload[] = [
  { name: "net-first-sync", competitors, rounds: 3, missing, run: firstSync },
  { name: "net-missed-updates", competitors, rounds: 3, missing, run: missedUpdates },
];
