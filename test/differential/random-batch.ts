// Random mutation batches of several operations, some of them bad.
import { CONTAINER_TYPES, type ContainerTypeName, type EngineDocument } from "../../host/engine/engine.ts";
import { Batch, readEntries } from "../conformance/batch.ts";
import type { Random } from "../laws/random.ts";

export const TYPES = Object.keys(CONTAINER_TYPES) as ContainerTypeName[];
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
function randomKey(random: Random): Uint8Array {
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
      if (random.chance(0.8)) batch.push(index, randomPayload(random));
      else appendTruncation(random, document, index, batch);
  }
}

function appendTruncation(random: Random, document: EngineDocument, index: number, batch: Batch): void {
  const isLog = document.containers()[index]!.type === "log";
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
