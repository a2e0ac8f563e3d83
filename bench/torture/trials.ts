// The trials: values and keys that break encoders, updates with changed bytes, updates cut short. Each counts outcomes
// that a user would call wrong; a refusal with an error is never wrong.
import { describeSubject, describeValue, type Library } from "./subject.ts";

export type Counts = Readonly<Record<string, number>>;

const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
};

const VALUES: readonly unknown[] = [
  0,
  -0,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  2 ** 31,
  2 ** 53,
  -(2 ** 53) - 2,
  5e-324,
  1.7976931348623157e308,
  0.1,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  2n ** 64n,
  2n ** 70n,
  "",
  "\0",
  "\ud800",
  "a\udc00b",
  "\u{10ffff}",
  "\u00e9",
  "e\u0301",
  "__proto__",
  null,
  undefined,
  true,
  [],
  {},
  [[], [[]]],
  JSON.parse('{"__proto__": 1, "constructor": 2, "": 3}'),
  { "\ud800": 1, "\udc00": 2 },
  new Uint8Array([0, 255]),
  nested(30),
  "x".repeat(1_000_000),
];

const KEYS: readonly string[] = [
  "",
  "\0",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "length",
  "\u00e9",
  "e\u0301",
  "\ud800",
  "\ud801",
  "\udfff",
  "\ufffd",
  "a".repeat(60_000),
];

/** Sets each value at one replica and reads it there and at another. */
export async function tortureValues(library: Library): Promise<Counts> {
  const counts = { kept: 0, refused: 0, changed: 0, diverged: 0 };
  for (const [index, value] of VALUES.entries()) counts[await fateOf(library, `key ${index}`, value)]++;
  return counts;
}

/** One value nested deeper than any stack; a library that cannot make documents any more afterwards has crashed. */
export async function tortureDepth(library: Library): Promise<Counts> {
  const counts = { kept: 0, refused: 0, changed: 0, diverged: 0, crashed: 0 };
  const fate = await fateOf(library, "deep", nested(20_000));
  try {
    await exchange(library);
    counts[fate]++;
  } catch {
    counts.crashed++;
  }
  return counts;
}

/** Sets each key to a value of its own: all must be there at both, each with its value. */
export async function tortureKeys(library: Library): Promise<Counts> {
  const counts = { kept: 0, refused: 0, changed: 0, diverged: 0 };
  const [writer, reader] = [await library.create(1), await library.create(2)];
  const isRefused = new Set<string>();
  for (const [index, key] of KEYS.entries()) {
    try {
      writer.set(key, index);
      reader.apply(writer.take());
    } catch {
      isRefused.add(key);
    }
  }
  for (const [index, key] of KEYS.entries()) {
    const found = [writer, reader].map((subject) =>
      subject.keys().includes(key) ? subject.get(key) : "missing",
    );
    if (isRefused.has(key)) counts.refused++;
    else if (found[0] !== found[1]) counts.diverged++;
    else counts[found[0] === index ? "kept" : "changed"]++;
  }
  return counts;
}

type Fate = "kept" | "refused" | "changed" | "diverged";

async function fateOf(library: Library, key: string, value: unknown): Promise<Fate> {
  const [writer, reader] = [await library.create(1), await library.create(2)];
  try {
    writer.set(key, value);
    const here = describeValue(writer.get(key));
    reader.apply(writer.take());
    const there = describeValue(reader.get(key));
    if (here !== there) return "diverged";
    return here === describeValue(value) ? "kept" : "changed";
  } catch {
    return "refused";
  }
}

/** A small generator (mulberry32), so that every library meets the same damage. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** One update of twenty writes with one to four bytes of it changed: what is taken without an error must be right. */
export async function tortureBytes(library: Library, trials: number): Promise<Counts> {
  const { base, update, right } = await exchange(library);
  const random = randomFrom(4711);
  const counts = { refused: 0, harmless: 0, wrong: 0, slow: 0 };
  for (let trial = 0; trial < trials; trial++) {
    const damaged = update.slice();
    const changes = 1 + random(4);
    for (let change = 0; change < changes; change++) damaged[random(damaged.length)] = random(256);
    await judge(library, base, damaged, right, counts);
  }
  return counts;
}

/** The same update cut at every length, and with every run of four bytes set to the largest number. */
export async function tortureLengths(library: Library): Promise<Counts> {
  const { base, update, right } = await exchange(library);
  const counts = { refused: 0, harmless: 0, wrong: 0, slow: 0 };
  for (let length = 0; length < update.length; length++) {
    await judge(library, base, update.slice(0, length), right, counts);
    await judge(library, base, update.slice().fill(0xff, length, length + 4), right, counts);
  }
  return counts;
}

interface Exchange {
  readonly base: Uint8Array;
  readonly update: Uint8Array;
  /** What a reader holds before and after the update: both are right. */
  readonly right: ReadonlySet<string>;
}

async function exchange(library: Library): Promise<Exchange> {
  const writer = await library.create(1);
  for (let index = 0; index < 20; index++) writer.set(`before ${index}`, { index, name: `name ${index}` });
  const base = writer.snapshot().slice();
  const reader = await library.load(base, 2);
  const before = describeSubject(reader);
  writer.take();
  writer.set("after", {
    index: 21,
    name: "one more",
    list: Array.from({ length: 20 }, (_, at) => at * 1_000),
  });
  const update = writer.take().slice();
  reader.apply(update);
  return { base, update, right: new Set([before, describeSubject(reader)]) };
}

const SLOW_MS = 1_000;

async function judge(
  library: Library,
  base: Uint8Array,
  damaged: Uint8Array,
  right: ReadonlySet<string>,
  counts: { refused: number; harmless: number; wrong: number; slow: number },
): Promise<void> {
  const reader = await library.load(base, 2);
  const startMs = performance.now();
  let isRefused = false;
  try {
    reader.apply(damaged);
  } catch {
    isRefused = true;
  }
  if (performance.now() - startMs > SLOW_MS) counts.slow++;
  if (!right.has(stateOf(reader))) counts.wrong++;
  else if (isRefused) counts.refused++;
  else counts.harmless++;
}

/** A document that can no longer be read is wrong, whatever was refused before. */
function stateOf(reader: Parameters<typeof describeSubject>[0]): string {
  try {
    return describeSubject(reader);
  } catch (error) {
    return `unreadable: ${error}`;
  }
}
