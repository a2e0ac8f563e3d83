// Values and keys that are easily taken for one another, on every way they can go: a merge, a snapshot, a disk and a
// restart. They come back as they went in, and apart.
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  counter,
  createReplica,
  type Document,
  log,
  map,
  register,
  schema,
  set,
  type Value,
} from "../../host/index.ts";
import { createSimulatedPlatform } from "../platform/simulated-platform.ts";
import { converge } from "../replica/group.ts";

const root = mkdtempSync(join(tmpdir(), "jarvis-types-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const Everything = schema({
  visits: counter(),
  title: register<Value>(),
  settings: map<Record<string, Value>>(),
  tags: set<Value>(),
  events: log<Value>(),
});
type Home = Document<typeof Everything>;

/** Each is a value, and as JSON with its type in front, which no two share, a key. */
const VALUES: readonly Value[] = [
  "007",
  "7",
  7,
  7n,
  7.5,
  "7.5",
  true,
  "true",
  null,
  "null",
  "1_000",
  1_000,
  "NaN",
  Number.NaN,
  [1, "1"],
  ["1", 1],
  '[1,"1"]',
  { a: 1 },
  '{"a":1}',
  "\ud83d",
  "\ude00",
  "😀",
  "\ude00\ud83d",
  "\ufffd",
  "__proto__",
  "constructor",
  JSON.parse('{"__proto__":1}'),
  {},
  [],
  "",
];
const KEYS = VALUES.filter((value) => typeof value === "string");

/** The value, its kind, and each of its UTF-16 units: nothing that is told apart elsewhere is equal here. */
const imageOf = (value: Value | undefined): string => {
  if (typeof value === "string")
    return `string ${[...Array(value.length).keys()].map((n) => value.charCodeAt(n))}`;
  if (Array.isArray(value)) return `array of ${value.map(imageOf)}`;
  if (typeof value === "object" && value !== null)
    return `object of ${Object.entries(value).map(([key, part]) => `${imageOf(key)}: ${imageOf(part)}`)}`;
  return `${typeof value} ${value}`;
};
const IMAGES = VALUES.map(imageOf);

function fill(home: Home): void {
  expect(home.tags.addMany(VALUES)).toBe(VALUES.length);
  for (const [index, key] of KEYS.entries()) home.settings.set(key, index);
  for (const [index, value] of VALUES.entries()) home.settings.set(`value ${index}`, value);
  home.events.appendMany(VALUES);
  home.title.set(VALUES);
}

function expectAll(home: Home): void {
  expect([...home.tags].map(imageOf).sort()).toEqual([...IMAGES].sort());
  for (const value of VALUES) expect(home.tags.has(value), imageOf(value)).toBe(true);
  expect(home.settings.size).toBe(KEYS.length + VALUES.length);
  expect([...home.settings.keys()].slice(0, KEYS.length).map(imageOf)).toEqual(KEYS.map(imageOf));
  expect(KEYS.map((key) => home.settings.get(key))).toEqual(KEYS.map((_, index) => index));
  expect(VALUES.map((_, index) => imageOf(home.settings.get(`value ${index}`)))).toEqual(IMAGES);
  expect(home.events.entries().map(({ value }) => imageOf(value))).toEqual(IMAGES);
  expect((home.title.get() as Value[]).map(imageOf)).toEqual(IMAGES);
}

describe.each(["baseline", "wasm"] as const)("on %s", (engine) => {
  test("values and keys keep their type through a merge, a snapshot, storage and restarts", async () => {
    expect(new Set(IMAGES).size).toBe(VALUES.length);
    const storage = join(root, `values-${engine}`);
    const [author, reader, copyist] = [
      await createReplica({ engine, storage }),
      await createReplica({ engine }),
      await createReplica({ engine, storage: `${storage}-loaded` }),
    ];
    const home = await author.open("home", Everything);
    fill(home);
    expectAll(home);
    const merged = await reader.open("home", Everything);
    merged.merge(home.deltaSince(merged.versionVector()));
    expectAll(merged);
    const loaded = await copyist.open("home", Everything);
    loaded.load(merged.snapshot());
    expectAll(loaded);
    expect([merged.digest(), loaded.digest()]).toEqual([home.digest(), home.digest()]);
    for (const replica of [author, reader, copyist]) await replica.close();
    for (const location of [storage, `${storage}-loaded`]) {
      const again = await createReplica({ engine, storage: location });
      const stored = await again.open("home", Everything);
      expectAll(stored);
      expect(stored.tags.addMany(VALUES)).toBe(0);
      for (const value of VALUES) expect(stored.tags.delete(value), imageOf(value)).toBe(true);
      for (const key of KEYS) expect(stored.settings.delete(key), imageOf(key)).toBe(true);
      expect([stored.tags.size, stored.settings.size]).toEqual([0, VALUES.length]);
      await again.close();
    }
  });

  test("a directory that was copied goes on under another replica: 3 more and 4 more are 7", async () => {
    const storage = join(root, `counted-${engine}`);
    const origin = await createReplica({ engine, storage });
    const counted = await origin.open("home", Everything);
    counted.visits.increment(10);
    counted.visits.decrement(10);
    await origin.close();
    cpSync(storage, `${storage}-copy`, { recursive: true, preserveTimestamps: true });
    const replicas = [
      await createReplica({ engine, storage }),
      await createReplica({ engine, storage: `${storage}-copy` }),
    ];
    const homes = await Promise.all(replicas.map((replica) => replica.open("home", Everything)));
    homes[0]!.visits.increment(3);
    homes[1]!.visits.increment(4);
    converge(...homes);
    expect(homes.map(({ visits }) => visits.value)).toEqual([7, 7]);
    expect(new Set([origin.id, ...replicas.map(({ id }) => id)]).size).toBe(2);
    expect(homes[0]!.digest()).toBe(homes[1]!.digest());
    for (const replica of replicas) await replica.close();
  });

  test("what was removed stays removed after compaction and a restart, whatever old state is merged", async () => {
    const platform = createSimulatedPlatform();
    const options = { engine, platform, storage: "data" };
    const first = await createReplica(options);
    const home = await first.open("home", Everything);
    fill(home);
    const old = home.snapshot();
    home.tags.delete("007");
    home.settings.delete("__proto__");
    platform.nowMs += 1_000;
    expect(home.compact({ members: [] })).toEqual({ removalsDropped: 1, deletedMarksDropped: 1 });
    await first.close();
    const second = await createReplica(options);
    const again = await second.open("home", Everything);
    for (const bytes of [undefined, old]) {
      if (bytes !== undefined) again.load(bytes);
      expect([again.tags.has("007"), again.tags.size]).toEqual([false, VALUES.length - 1]);
      expect([again.settings.has("__proto__"), again.settings.has("constructor")]).toEqual([false, true]);
    }
    await second.close();
  });

  test("opening, reading and learning nothing new rewrite nothing", async () => {
    const platform = createSimulatedPlatform();
    const options = { engine, platform, storage: "data" };
    const first = await createReplica(options);
    const home = await first.open("home", Everything);
    fill(home);
    await home.durable();
    home.tags.delete("007");
    const snapshot = home.snapshot();
    await first.close();
    const disk = platform.disks.get("data")!;
    const records = () => [...disk.records].filter(([key]) => key.startsWith("record/")).sort();
    const before = records();
    expect(before.length).toBeGreaterThan(1);
    const batches = disk.batches.length;
    for (let life = 0; life < 3; life++) {
      const again = await createReplica(options);
      const same = await again.open("home", Everything);
      expect(same.tags.size).toBe(VALUES.length - 1);
      same.load(snapshot);
      await same.durable();
      await again.close();
    }
    expect(records()).toEqual(before);
    const written = disk.batches.slice(batches).flatMap(({ writes }) => writes.map(({ key }) => key));
    expect(written.filter((key) => key.startsWith("record/"))).toEqual([]);
  });
});
