// Histories of writes: (time, writer, key). Read from files where a folder is given (gzipped or plain CSV with the
// header "t,writer,key", times in seconds), or drawn from one seed: keys by Zipf's law, writers alike, arrivals at
// random, whose best possible prediction is known.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Random } from "../../host/simulator/random.ts";

export interface TracedWrite {
  readonly atMs: number;
  readonly writer: string;
  readonly key: string;
}

export interface WriteTrace {
  readonly name: string;
  readonly writes: readonly TracedWrite[];
  /** The true rate at which others write the key of a write, per millisecond, where it is known. */
  readonly othersPerMs?: readonly number[];
}

export const DAY_MS = 86_400_000;

export function readWriteTraces(folder: string): WriteTrace[] {
  const names = readdirSync(folder).filter((name) => /\.csv(\.gz)?$/.test(name));
  return names.sort().map((name) => {
    const bytes = readFileSync(join(folder, name));
    const text = (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
    const writes = text
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => {
        const [seconds, writer = "", key = ""] = line.split(",");
        return { atMs: Number(seconds) * 1_000, writer: `writer ${writer}`, key: `key ${key}` };
      });
    return { name: name.replace(/\.csv(\.gz)?$/, ""), writes };
  });
}

export interface ZipfOptions {
  readonly seed: number;
  readonly keys: number;
  readonly writers: number;
  readonly writes: number;
  readonly days: number;
  readonly exponent: number;
}

export function zipfTrace({ seed, keys, writers, writes, days, exponent }: ZipfOptions): WriteTrace {
  const random = new Random("zipf", seed);
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= keys; rank++) {
    sum += rank ** -exponent;
    sums.push(sum);
  }
  const perMs = writes / (days * DAY_MS);
  const trace: TracedWrite[] = [];
  const othersPerMs: number[] = [];
  let atMs = 0;
  while (trace.length < writes) {
    atMs += random.exponential(1 / perMs);
    const rank = firstAbove(sums, random.unit() * sum);
    trace.push({ atMs, writer: `writer ${random.below(writers)}`, key: `key ${rank}` });
    othersPerMs.push(((rank + 1) ** -exponent / sum) * perMs * (1 - 1 / writers));
  }
  return { name: `zipf-${exponent}-${keys}`, writes: trace, othersPerMs };
}

/** Whether another writer wrote the same key within the horizon after each write. */
export function conflictsWithin(writes: readonly TracedWrite[], horizonMs: number): boolean[] {
  const outcomes = writes.map(() => false);
  /** By key the writes since the last one of another writer; all are of one writer. */
  const open = new Map<string, number[]>();
  for (const [place, { key, writer, atMs }] of writes.entries()) {
    const before = open.get(key) ?? [];
    if (before.length > 0 && writes[before[0]!]!.writer !== writer) {
      for (const earlier of before) outcomes[earlier] = atMs - writes[earlier]!.atMs <= horizonMs;
      before.length = 0;
    }
    before.push(place);
    open.set(key, before);
  }
  return outcomes;
}

function firstAbove(sums: readonly number[], value: number): number {
  let from = 0;
  let to = sums.length - 1;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sums[middle]! < value) from = middle + 1;
    else to = middle;
  }
  return from;
}
