// What a relay costs: many small updates to one, ten and a hundred receivers, and the way of one update. Operations
// are updates, and their time is the relay's processor time: the machine runs writers and readers beside it, so wall
// time says more about them. Every reader must have got every update, and the whole clients every entry.
import { freePort, type Role, startClients, startRelay, until } from "../network/fork.ts";
import type { Span, Where } from "../network/role.ts";
import { missing, systems } from "../network/roster.ts";
import { median } from "../timing.ts";
import type { Circumstances, Figure, Outcome, Workload } from "../workload.ts";

const WINDOW = 4_000;
const VALUE_BYTES = 8;
const WITHIN_MS = 120_000;
/** Enough for compiled code, and as much again for systems that are slower by an order. */
const WARM_UP = { leastMs: 500, mostMs: 8_000, updatesMin: 5_000 };
const MEASURED = { leastMs: 3_000, mostMs: 20_000, updatesMin: 20_000 };
const QUICK = { leastMs: 100, mostMs: 100, updatesMin: 0 };
const COMPLETE = "every receiver has everything";
/** Systems whose receivers are whole clients get fewer updates: a hundred of them would run for hours. */
const UPDATES_MAX: Readonly<Record<string, number>> = { "automerge-repo": 300 };

export interface Relayed {
  readonly relay: Role;
  readonly where: Where;
}

export async function relayOf(system: string, storage?: string): Promise<Relayed> {
  const relay = startRelay();
  const { url, document } = await relay.call("serve", system, await freePort(), storage);
  return { relay, where: { system, url, document } };
}

async function fanOut(
  name: string,
  receivers: number,
  { competitor, isQuick }: Circumstances,
): Promise<Outcome> {
  const { relay, where } = await relayOf(competitor);
  const writers = startClients();
  const readers = startClients((updates) => writers.pass(updates));
  const writerCount = receivers === 1 ? 1 : 2;
  await writers.call("join", where, writerCount);
  await readers.call("read", where, receivers);
  let written = 0;
  const write = async (span: Omit<Span, "updatesMax">): Promise<number> => {
    const updatesMax = UPDATES_MAX[competitor] ?? Number.MAX_SAFE_INTEGER;
    const updates = await writers.call("write", { ...span, updatesMax }, WINDOW, VALUE_BYTES);
    written += updates;
    await until(
      () => readers.call("progressed"),
      (least) => least >= written,
      WITHIN_MS,
    );
    return updates;
  };
  if (!isQuick) await write(WARM_UP);
  const usages = () => Promise.all([relay, writers, readers].map((role) => role.call("usage")));
  const before = await usages();
  const start = performance.now();
  const updates = await write(isQuick ? QUICK : MEASURED);
  const elapsedMs = performance.now() - start;
  const after = await usages();
  const [cpuMs = 0, writerMs = 0, readerMs = 0] = after.map(
    (usage, role) => usage.cpuMs - before[role]!.cpuMs,
  );
  await checkComplete(readers, writers, written);
  await Promise.all([relay.end(), writers.end(), readers.end()]);
  const deliveries = updates * (receivers + writerCount - 1);
  const figures: Figure[] = [
    {
      figure: `${name} · ${competitor} · relay CPU a delivery`,
      value: (cpuMs * 1_000) / deliveries,
      unit: "µs",
    },
    {
      figure: `${name} · ${competitor} · writers' CPU an update`,
      value: (writerMs * 1_000) / updates,
      unit: "µs",
    },
    {
      figure: `${name} · ${competitor} · readers' CPU a delivery`,
      value: (readerMs * 1_000) / (updates * receivers),
      unit: "µs",
    },
    {
      figure: `${name} · ${competitor} · updates a second`,
      value: (updates * 1_000) / elapsedMs,
      unit: "1/s, wall",
    },
  ];
  const sample = { workload: name, n: updates, nsPerOp: (cpuMs * 1e6) / updates };
  return { samples: [sample], figures, check: COMPLETE };
}

async function checkComplete(readers: Role, writers: Role, written: number): Promise<void> {
  const sums = await readers.call("sums");
  const wrong = sums.length > 1 || sums.some((sum) => !sum.startsWith(`${written} `));
  if (wrong) throw new Error(`readers got ${sums.join(", ")} of ${written} updates`);
  await until(
    () => writers.call("sizes"),
    (sizes) => sizes.every((size) => size === written),
    WITHIN_MS,
  );
  const sizes = await readers.call("sizes");
  if (sizes.some((size) => size !== written)) throw new Error(`clients have ${sizes} of ${written} entries`);
}

async function latency({ competitor, isQuick }: Circumstances): Promise<Outcome> {
  const { relay, where } = await relayOf(competitor);
  const writer = startClients();
  const reader = startClients();
  await writer.call("join", where, 1);
  await reader.call("join", where, 1);
  const count = isQuick ? 20 : 1_000;
  // Compiled code at every place, then one update at a time.
  const warm = isQuick ? 0 : (UPDATES_MAX[competitor] ?? 4_000);
  const span = { leastMs: 0, mostMs: WITHIN_MS, updatesMin: warm, updatesMax: warm };
  await writer.call("write", span, Number.MAX_SAFE_INTEGER, VALUE_BYTES);
  await until(
    () => reader.call("sizes"),
    ([size = 0]) => size >= warm,
    WITHIN_MS,
  );
  await reader.call("watch");
  const usages = () => Promise.all([writer, relay, reader].map((role) => role.call("usage")));
  const before = await usages();
  const written = await writer.call("tick", count, 4);
  const seen = await until(
    () => reader.call("watched"),
    (times) => times.length >= count,
    WITHIN_MS,
  );
  const after = await usages();
  const cpuMs = after.reduce((sum, usage, role) => sum + usage.cpuMs - before[role]!.cpuMs, 0);
  await Promise.all([relay.end(), writer.end(), reader.end()]);
  const times = written.map((at, index) => (seen[index]! - at) / 1e6);
  times.sort((left, right) => left - right);
  const figure = (what: string, value: number): Figure => ({
    figure: `net-latency · ${competitor} · A to B ${what}`,
    value,
    unit: "ms",
  });
  const figures = [
    figure("p50", median(times)),
    figure("p10", times[Math.floor(times.length * 0.1)]!),
    figure("p99", times[Math.floor(times.length * 0.99)]!),
    figure("CPU of all three", cpuMs / count),
  ];
  return { samples: [], figures, check: COMPLETE };
}

const competitors = systems.map(({ name }) => name);

function fanOutTo(receivers: number): Workload {
  const name = `net-fanout-${receivers}`;
  return {
    name,
    competitors,
    rounds: 3,
    missing,
    run: (circumstances) => fanOut(name, receivers, circumstances),
  };
}

export const network: readonly Workload[] = [
  fanOutTo(1),
  fanOutTo(10),
  fanOutTo(100),
  { name: "net-latency", competitors, rounds: 3, missing, run: latency },
];
