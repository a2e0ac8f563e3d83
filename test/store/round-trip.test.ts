// The store on a real disk with real engines: every type comes back byte for byte.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  counter,
  createReplica,
  type Document,
  flag,
  log,
  map,
  register,
  schema,
  set,
  type Value,
} from "../../host/index.ts";

const root = mkdtempSync(join(tmpdir(), "jarvis-round-trip-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const Everything = schema({
  visits: counter(),
  title: register<Value>(),
  settings: map<Record<string, Value>>(),
  tags: set<Value>(),
  on: flag(),
  events: log<Value>(),
});

const VALUES: Value[] = [
  "007",
  7,
  7.5,
  -0,
  Number.POSITIVE_INFINITY,
  Number.NaN,
  7n,
  2n ** 70n,
  true,
  null,
  "",
  "\ud800",
  "𝒳",
  [1, "1"],
  { a: 1, __proto__: null },
  new Uint8Array([0, 255]),
];

function fill(home: Document<typeof Everything>): void {
  home.visits.increment(40);
  home.visits.decrement(2);
  for (const [index, value] of VALUES.entries()) {
    home.title.set(value);
    home.settings.set(["", "__proto__", "\udfff", "𝒳"][index] ?? `key ${index}`, value);
    home.tags.add(value);
    home.events.append(value);
  }
  home.settings.delete("key 5");
  home.tags.delete(7);
  home.on.enable();
  home.events.truncate({ keep: 10 });
}

const engines = ["baseline", "wasm"] as const;

describe.each(engines)("%s", (engine) => {
  test("every type comes back byte for byte, from the log and from a snapshot", async () => {
    const storage = join(root, `types-${engine}`);
    const first = await createReplica({ storage, engine });
    const home = await first.open("home", Everything);
    fill(home);
    const peer = await createReplica({ engine });
    const afar = await peer.open("home", Everything);
    fill(afar);
    home.merge(afar.deltaSince(home.versionVector()));
    let [snapshot, digest, json] = [home.snapshot(), home.digest(), home.toJSON()];
    await first.close();
    for (let life = 0; life < 3; life++) {
      const again = await createReplica({ storage, engine });
      expect(again.id).toBe(first.id);
      const same = await again.open("home", Everything);
      expect(same.snapshot()).toEqual(snapshot);
      expect(same.digest()).toBe(digest);
      expect(same.toJSON()).toEqual(json);
      // Grows the log until a snapshot takes its place.
      for (let n = 0; n < 500; n++) same.settings.set(`more ${n % 7}`, `${"x".repeat(400)} ${life} ${n}`);
      await same.durable();
      [snapshot, digest, json] = [same.snapshot(), same.digest(), same.toJSON()];
      await again.close();
    }
  });
});
