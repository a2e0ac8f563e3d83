// Names and types of containers. The type tests are checked by the compiler, the rest when it runs.
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  counter,
  createReplica,
  type Document,
  type Frozen,
  flag,
  log,
  map,
  register,
  schema,
  set,
  type Value,
} from "../../host/index.ts";
import { RESERVED_NAMES } from "../../host/replica/schema.ts";

interface Person {
  name: string;
  nick?: string;
  tags: string[];
}
interface Settings {
  theme: "dark" | "light";
  volume: number;
}

const Home = schema({
  visits: counter(),
  owner: register<Person>(),
  settings: map<Settings>(),
  people: map<Record<string, Person>>(),
  tags: set<string>(),
  pairs: set<readonly [string, number]>(),
  on: flag(),
  events: log<{ what: string; at?: number }>(),
  anything: register(),
});
type Home = Document<typeof Home>;

describe("types flow from the schema to the handles", () => {
  it("to counters and flags", () => {
    expectTypeOf<Home["visits"]["value"]>().toEqualTypeOf<number>();
    expectTypeOf<Home["on"]["value"]>().toEqualTypeOf<boolean>();
    expectTypeOf<Home["on"]["enable"]>().returns.toEqualTypeOf<boolean>();
  });

  it("to registers, whose values come back frozen", () => {
    expectTypeOf<Home["owner"]["set"]>().parameter(0).toEqualTypeOf<Person>();
    expectTypeOf<Frozen<Person>>().toEqualTypeOf<{
      readonly name: string;
      readonly nick?: string;
      readonly tags: readonly string[];
    }>();
    expectTypeOf<Home["anything"]["set"]>().parameter(0).toEqualTypeOf<Value>();
  });

  it("to maps, key by key", async () => {
    const home = await (await createReplica({ engine: "baseline" })).open("home", Home);
    expectTypeOf(home.settings.get("theme")).toEqualTypeOf<"dark" | "light" | undefined>();
    expectTypeOf(home.settings.get("volume", null)).toEqualTypeOf<number | null>();
    expectTypeOf(home.people.get("any")).toEqualTypeOf<Frozen<Person> | undefined>();
    expectTypeOf([...home.settings.keys()]).toEqualTypeOf<("theme" | "volume")[]>();
    expectTypeOf([...home.tags]).toEqualTypeOf<string[]>();
    expectTypeOf([...home.pairs]).toEqualTypeOf<(readonly [string, number])[]>();
    home.events.append({ what: "x" });
    expectTypeOf(home.events.entries()[0]!.value).toEqualTypeOf<{
      readonly what: string;
      readonly at?: number;
    }>();
    home.settings.setMany([
      ["theme", "dark"],
      ["volume", 3],
    ]);
    for (const [key, value] of home.settings) {
      if (key === "volume") expectTypeOf(value).toEqualTypeOf<number>();
    }
    // @ts-expect-error another value type
    home.settings.set("theme", 7);
    // @ts-expect-error an unknown key
    home.settings.get("colour");
    // @ts-expect-error another element type
    expect(() => home.tags.add(undefined)).toThrow();
    // @ts-expect-error frozen
    expect(() => home.owner.get({ name: "n", tags: ["t"] } as Person).tags.push("u")).not.toThrow();
    // @ts-expect-error not in the schema
    expect(home.nothing).toBeUndefined();
    expect(() => {
      // @ts-expect-error containers are not replaced
      home.tags = home.visits;
    }).toThrow(TypeError);
  });

  it("and what cannot be stored is no type of a container", () => {
    // @ts-expect-error undefined
    register<undefined>();
    // @ts-expect-error a Date
    register<Date>();
    // @ts-expect-error a function inside
    set<{ run: () => void }>();
    // @ts-expect-error a Map inside
    log<{ rows: Map<string, number> }>();
    // @ts-expect-error a symbol
    map<{ key: symbol }>();
    register<Uint8Array>();
    register<bigint | null>();
    map<Record<string, Person | Uint8Array>>();
    log<Value>();
  });
});

describe("a schema", () => {
  it("refuses the names a document needs for itself", () => {
    for (const name of RESERVED_NAMES) {
      expect(() => schema({ [name]: counter() })).toThrow(
        expect.objectContaining({ code: "invalid-argument" }),
      );
    }
    // @ts-expect-error reserved
    expect(() => schema({ merge: counter() })).toThrow(/"merge" is taken by the document itself/);
    expect(() => schema(JSON.parse('{"__proto__": {"type": "counter"}}'))).toThrow(/taken by the document/);
  });

  it("reserves everything a document has", async () => {
    const document = await (await createReplica({ engine: "baseline" })).open("home");
    const own = new Set<string>(Object.keys(document));
    for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(document))) own.add(name);
    expect([...own, "then"].sort()).toEqual([...RESERVED_NAMES].sort());
  });

  it("refuses names that do not fit", () => {
    for (const name of ["", "x".repeat(256), "ü".repeat(128), "\ud800"]) {
      expect(() => schema({ [name]: counter() })).toThrow(/1 to 255 bytes of well-formed UTF-8/);
    }
    expect(Object.keys(schema({ ["ü".repeat(127)]: flag(), "two words": flag() }).containers).length).toBe(2);
  });

  it("refuses what is no container type", () => {
    expect(() => schema({ a: {} as never })).toThrow(/container "a" has no type/);
    expect(() => schema({ a: undefined as never })).toThrow(/container "a" has no type/);
  });

  it("is frozen", () => {
    expect(Object.isFrozen(Home) && Object.isFrozen(Home.containers)).toBe(true);
  });
});
