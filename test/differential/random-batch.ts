// Random mutation batches of several operations, some of them bad.
import {
  CONTAINER_TYPES,
  type ContainerTypeName,
  type EngineDocument,
  GRAPH_KINDS,
  LIST_KINDS,
} from "../../host/engine/engine.ts";
import { Batch, readEntries, vectorBytes } from "../conformance/batch.ts";
import type { Random } from "../laws/random.ts";

export const TYPES = Object.keys(CONTAINER_TYPES) as ContainerTypeName[];
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  1.5,
  -(2 ** 70),
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
];
const LENGTHS = [0, 1, 2, 3, 8, 15, 16, 31, 40, 200];

export function randomBatch(random: Random, document: EngineDocument): Uint8Array {
  const batch = new Batch();
  for (let count = 1 + random.below(6); count > 0; count--) appendOperation(random, document, batch);
  const { bytes } = batch;
  if (random.chance(0.03)) return bytes.subarray(0, random.below(bytes.length));
  if (random.chance(0.03)) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  return bytes;
}

/** One of a few keys, of lengths that fall on both sides of every inline size. */
export function randomKey(random: Random): Uint8Array {
  const number = random.below(12);
  return Uint8Array.from(
    { length: LENGTHS[number % LENGTHS.length]! },
    (_, index) => (index * 37 + number * 101) & 0xff,
  );
}

function randomPayload(random: Random): Uint8Array {
  const length = 1 + random.pick([0, 3, 15, 16, 17, 100, random.below(600)]);
  return Uint8Array.from({ length }, () => random.below(256));
}

function appendOperation(random: Random, document: EngineDocument, batch: Batch): void {
  const type = random.chance(0.02) ? random.pick(TYPES) : undefined;
  const chosen = random.pick(TYPES);
  const index = document.container(chosen, chosen);
  switch (type ?? chosen) {
    case "counter":
      batch.increment(index, random.pick([1, -1, 7, -300, 70_000, 2 ** 31, -(2 ** 52), 2 ** 53 - 1, 0]));
      return;
    case "register":
      if (random.chance(0.3)) batch.delete(index, "");
      else batch.put(index, "", randomPayload(random));
      return;
    case "map":
      if (random.chance(0.05)) batch.clear(index);
      else if (random.chance(0.3)) batch.delete(index, randomKey(random));
      else batch.put(index, randomKey(random), randomPayload(random));
      return;
    case "set":
      if (random.chance(0.07)) batch.clear(index);
      else if (random.chance(0.4)) batch.remove(index, randomKey(random));
      else batch.add(index, randomKey(random));
      return;
    case "flag":
      if (random.chance(0.1)) batch.clear(index);
      else if (random.chance(0.4)) batch.remove(index, "");
      else batch.add(index, "");
      return;
    case "log":
    case "workflow":
    case "vote":
      if (random.chance(0.8)) batch.push(index, randomPayload(random));
      else appendTruncation(random, document, index, batch);
      return;
    case "multi-value":
    case "multi-map":
      appendValue(random, index, batch, chosen === "multi-value" ? new Uint8Array(0) : randomKey(random));
      return;
    case "maximum":
    case "minimum": {
      const number = random.chance(0.3) ? random.pick(NUMBERS) : random.next() * 100 - 50;
      batch.put(index, "", new Uint8Array(Float64Array.of(number).buffer));
      return;
    }
    case "bounded": {
      const key = random.chance(0.5)
        ? ""
        : vectorBytes([[random.pick([11, 22, 2 ** 40, 0]), 1]]).slice(4, 12);
      const plus = random.pick([0, 1, 300, 2 ** 33, 2 ** 52, -1]);
      batch.adjust(index, key, random.chance(0.03) ? 0.5 : plus, random.pick([0, 0, 7, 2 ** 31]));
      return;
    }
    case "graph":
      appendToGraph(random, index, batch);
      return;
    case "series":
      appendToSeries(random, index, batch);
      return;
    case "list":
      appendToList(random, index, batch);
  }
}

function appendValue(random: Random, index: number, batch: Batch, key: Uint8Array): void {
  if (random.chance(0.07)) batch.clear(index);
  else if (random.chance(0.3)) batch.delete(index, key);
  else batch.put(index, key, randomPayload(random));
}

/** A key of a kind, seldom of one that there is not. */
function kindKey(random: Random, kinds: readonly number[]): Uint8Array {
  const kind = random.chance(0.01) ? random.below(256) : random.pick(kinds);
  return random.chance(0.005) ? new Uint8Array(0) : Uint8Array.from([kind, ...randomKey(random)]);
}

function appendToGraph(random: Random, index: number, batch: Batch): void {
  if (random.chance(0.6)) {
    const key = kindKey(random, [GRAPH_KINDS.vertex, GRAPH_KINDS.edge]);
    if (random.chance(0.35)) batch.remove(index, key);
    else batch.add(index, key);
    return;
  }
  const key = kindKey(random, [GRAPH_KINDS.attribute]);
  if (random.chance(0.3)) batch.delete(index, key);
  else batch.put(index, key, randomPayload(random));
}

function appendToList(random: Random, index: number, batch: Batch): void {
  if (random.chance(0.5)) {
    const payload = random.chance(0.2) ? new Uint8Array(0) : randomPayload(random);
    batch.insert(index, kindKey(random, [LIST_KINDS.position]), payload);
    return;
  }
  const key = kindKey(random, [LIST_KINDS.value, LIST_KINDS.place]);
  if (random.chance(0.4)) batch.delete(index, key);
  else batch.put(index, key, randomPayload(random));
}

/** Few labels and near times, so that chunks overlap; seldom many points, or one that is none. */
function appendToSeries(random: Random, index: number, batch: Batch): void {
  const label = random.chance(0.9) ? random.pick(["", "a", "b"]) : randomKey(random);
  if (random.chance(0.15)) {
    const time = random.chance(0.02) ? random.pick([Number.NaN, 0.5, 2 ** 53]) : random.below(500);
    batch.retain(index, random.chance(0.3) ? undefined : label, time);
    return;
  }
  if (random.chance(0.1)) {
    for (let single = random.below(24); single > 0; single--)
      batch.record(index, label, [random.below(500)], [random.below(99) / 10]);
    batch.join(index, label);
    return;
  }
  const count = random.chance(0.05)
    ? 300 + random.below(400)
    : random.below(8) + (random.chance(0.01) ? 0 : 1);
  const start = random.chance(0.02) ? random.pick([-(2 ** 53 - 1), 2 ** 52]) : random.below(500);
  const step = random.pick([0, 1, 10, 1000]);
  const times = Array.from({ length: count }, (_, point) => start + step * (random.chance(0.1) ? 0 : point));
  const values = times.map(() =>
    random.chance(0.05) ? random.pick(NUMBERS.slice(0, -1)) : Math.round(random.next() * 1e4) / 100,
  );
  if (random.chance(0.1))
    values.forEach((_, point) => {
      values[point] = random.next();
    });
  if (random.chance(0.005)) values.push(Number.NaN);
  batch.record(index, label, times.concat(values.slice(count).map(() => 3)), values);
}

function appendTruncation(random: Random, document: EngineDocument, index: number, batch: Batch): void {
  const isLog = ["log", "workflow", "vote"].includes(document.containers()[index]!.type);
  const entries = isLog ? readEntries(document.entries(index, 0)) : [];
  if (entries.length === 0 || random.chance(0.1)) {
    batch.truncate(index, {
      timestamp: random.below(2 ** 53),
      replica: BigInt(random.below(99)),
      sequence: 3,
    });
    return;
  }
  const { timestamp, replica, sequence } = random.pick(entries);
  batch.truncate(index, { timestamp, replica: BigInt(`0x${replica}`), sequence });
}
