// Which operation a random history tries next, per data type: it is put into the batch, and what it means is told as
// the specification wants it. Some have no effect on purpose: deleting what is absent, a maximum that is none.
import { type ContainerTypeName, type EngineDocument, LIST_KINDS } from "../../host/engine/engine.ts";
import { type Batch, type Bytes, readEntries } from "../conformance/batch.ts";
import type { Random } from "./random.ts";
import type { Deed, Position } from "./specification.ts";

export interface Chooser {
  readonly batch: Batch;
  /** The container's index. */
  readonly index: number;
  readonly random: Random;
  readonly document: EngineDocument;
  /** A value that no other operation has. */
  readonly value: string;
}

const KEYS = ["a", "key \u0080\u20ac", "long key, longer than any that is kept inline or read by a loop"];
const ELEMENTS = ["\u0001a", "\u0001b", "\u0002a>b", "\u0002"];
const ATTRIBUTES = ["\u0003a", "\u0003", `\u0003${KEYS[2]!}`];
const PLACES = ["\u0002", "\u0002one", "\u0003", "\u0003one"];
const NUMBERS = [0, -0, 1, -1, 0.5, 2 ** 60, -(2 ** 60), Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const encoder = new TextEncoder();

/** The characters of a key as exports are read: one a byte. */
const latin1 = (key: Bytes): string =>
  String.fromCharCode(...(typeof key === "string" ? encoder.encode(key) : key));

/** Undefined where one operation becomes many: a cleared map. */
export function choose(type: ContainerTypeName, chooser: Chooser): Deed | undefined {
  const { random } = chooser;
  switch (type) {
    case "counter":
      return increment(chooser);
    case "register":
      return write(chooser, "");
    case "map":
      if (!random.chance(0.06)) return write(chooser, random.pick(KEYS));
      chooser.batch.clear(chooser.index);
      return undefined;
    case "set":
      return clear(chooser) ?? addOrRemove(chooser, random.pick(KEYS));
    case "flag":
      return clear(chooser) ?? addOrRemove(chooser, "");
    case "multi-value":
      return clear(chooser) ?? assign(chooser, "");
    case "multi-map":
      return clear(chooser) ?? assign(chooser, random.pick(KEYS));
    case "maximum":
    case "minimum":
      return propose(chooser);
    case "bounded":
      return adjust(chooser);
    case "graph":
      return random.chance(0.6)
        ? addOrRemove(chooser, random.pick(ELEMENTS))
        : write(chooser, random.pick(ATTRIBUTES));
    case "log":
    case "workflow":
    case "vote":
      return random.chance(0.85) ? append(chooser) : truncate(chooser);
    case "series":
      if (random.chance(0.05)) return crowd(chooser);
      return random.chance(0.7) ? record(chooser) : retain(chooser);
    case "list":
      return random.chance(0.5) ? insert(chooser) : write(chooser, random.pick(PLACES));
  }
}

function increment({ batch, index, random }: Chooser): Deed {
  const amount = random.pick([1, -1, 5, -300, 2 ** 33, 0]);
  batch.increment(index, amount);
  return { verb: "increment", amount };
}

function adjust({ batch, index, random }: Chooser): Deed {
  const id = Uint8Array.from([random.pick([1, 255]), 0, 0, 0, 0, 0, 0, random.pick([0, 128])]);
  const key = random.chance(0.5) ? "" : id;
  const [plus, minus] = [random.pick([0, 1, 300, 2 ** 40]), random.pick([0, 0, 2, 2 ** 33])];
  batch.adjust(index, key, plus, minus);
  return { verb: "adjust", key: latin1(key), plus, minus };
}

function write({ batch, index, random, value }: Chooser, key: string): Deed {
  const isDelete = random.chance(0.3);
  if (isDelete) batch.delete(index, key);
  else batch.put(index, key, value);
  return { verb: "write", key: latin1(key), value: isDelete ? undefined : value };
}

function assign({ batch, index, random, value }: Chooser, key: string): Deed {
  if (random.chance(0.3)) {
    batch.delete(index, key);
    return { verb: "remove", key: latin1(key) };
  }
  batch.put(index, key, value);
  return { verb: "assign", key: latin1(key), value };
}

function addOrRemove({ batch, index, random }: Chooser, key: string): Deed {
  const isRemove = random.chance(0.4);
  if (isRemove) batch.remove(index, key);
  else batch.add(index, key);
  return { verb: isRemove ? "remove" : "add", key: latin1(key) };
}

/** Seldom; otherwise undefined. */
function clear({ batch, index, random }: Chooser): Deed | undefined {
  if (!random.chance(0.08)) return undefined;
  batch.clear(index);
  return { verb: "remove", key: undefined };
}

function propose({ batch, index, random }: Chooser): Deed {
  const number = random.chance(0.6) ? random.pick(NUMBERS) : random.below(9) - 4;
  batch.put(index, "", new Uint8Array(Float64Array.of(number).buffer));
  return { verb: "propose", number };
}

function append({ batch, index, value }: Chooser): Deed {
  batch.push(index, value);
  return { verb: "append", value };
}

function truncate({ batch, index, random, document }: Chooser): Deed {
  const entries = readEntries(document.entries(index, 0));
  const through: Position =
    entries.length > 0 && random.chance(0.9)
      ? random.pick(entries)
      : { timestamp: random.below(2 ** 50), replica: "0000000000000000", sequence: 0 };
  const { timestamp, replica, sequence } = through;
  batch.truncate(index, { timestamp, replica: BigInt(`0x${replica}`), sequence });
  return { verb: "truncate", through: { timestamp, replica, sequence } };
}

const LABELS = ["", "a", "label \u0080\u20ac"];

/** Some points in any order; of equal times often, and now and then one that lies far off. */
function record({ batch, index, random }: Chooser): Deed {
  const label = random.pick(LABELS);
  const points = Array.from({ length: 1 + random.below(random.chance(0.1) ? 300 : 5) }, () => {
    const time = random.chance(0.05) ? random.pick([-(2 ** 40), 2 ** 53 - 1]) : random.below(40);
    return [time, random.pick([1, 0.1, -0.25, 1e9, random.below(1000) / 100])] as const;
  });
  const [times, values] = [points.map(([time]) => time), points.map(([, value]) => value)];
  batch.record(index, label, times, values);
  return { verb: "record", label: latin1(label), points };
}

/** Points one by one, often enough of them to be joined, and joining; in one deed, for their dots follow each other. */
function crowd({ batch, index, random }: Chooser): Deed {
  const label = random.pick(LABELS);
  const points = Array.from(
    { length: random.pick([3, 16, 17]) },
    () => [random.below(40), random.below(1000) / 100] as const,
  );
  for (const [time, value] of points) batch.record(index, label, [time], [value]);
  batch.join(index, label);
  return { verb: "record", label: latin1(label), points };
}

function retain({ batch, index, random }: Chooser): Deed {
  const label = random.chance(0.3) ? undefined : random.pick(LABELS);
  const time = random.below(45) - 2;
  batch.retain(index, label, time);
  return { verb: "retain", label: label === undefined ? undefined : latin1(label), time };
}

/** Beside an entry that is there, or at the root; some without a payload, which is no deleted-mark. */
function insert({ batch, index, random, document, value }: Chooser): Deed {
  const positions = readEntries(document.entries(index, 0)).filter(
    ({ key }) => key.charCodeAt(0) === LIST_KINDS.position,
  );
  const origin = positions.length > 0 && random.chance(0.7) ? random.pick(positions) : undefined;
  const key = `\u0001${origin === undefined ? "" : `${origin.replica}.${origin.sequence}`}`;
  const payload = random.chance(0.2) ? "" : value;
  batch.insert(index, key, payload);
  return { verb: "insert", key: latin1(key), value: payload };
}
