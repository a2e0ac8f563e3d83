// Lists through the public API: places that stay, what happens at the same time, and the order judged by a slow twin
// that sorts the whole tree of positions anew from the bytes of a snapshot.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Change,
  type Document,
  type ListPosition,
  list,
  type ReplicaId,
  schema,
  type Value,
} from "../../host/index.ts";
import { FugueList } from "../../host/replica/list/fugue-list.ts";
import type { Dot } from "../../host/replica/list/list-keys.ts";
import { decodeValue } from "../../host/wire/value-codec.ts";
import { decodePlainly } from "../conformance/plain-decoder.ts";
import { converge, createMember, ENGINES, openGroup, pass } from "./group.ts";

const Home = schema({ words: list<Value>() });
type Home = Document<typeof Home>;

/** The values of a list by sorting its tree of positions, straight from a snapshot. */
function slowList(home: Home): Value[] {
  const entries = decodePlainly(home.snapshot()).entries.map((entry) => ({
    ...entry,
    name: `${entry.replica.toString(16).padStart(16, "0")}-${entry.sequence}`,
  }));
  const dotOf = (bytes: Uint8Array, at: number): string => {
    const id = [...bytes.subarray(at, at + 8)].reverse().map((byte) => byte.toString(16).padStart(2, "0"));
    return `${id.join("")}-${new DataView(bytes.buffer, bytes.byteOffset + at + 8).getUint32(0, true)}`;
  };
  const ROOT = `${"0".repeat(16)}-0`;
  const written = (kind: number) =>
    new Map(entries.filter(({ key }) => key[0] === kind).map(({ key, payload }) => [dotOf(key, 1), payload]));
  const [values, places] = [written(2), written(3)];
  const positions = entries.filter(({ key }) => key[0] === 1);
  const below = (parent: string, side: number): string[] =>
    positions
      .filter(({ key }) => dotOf(key, 1) === parent && key[13] === side)
      .sort((left, right) =>
        left.replica === right.replica
          ? left.sequence - right.sequence
          : left.replica < right.replica
            ? -1
            : 1,
      )
      .flatMap(({ name }) => [...below(name, 0), name, ...below(name, 1)]);
  const order = [...below(ROOT, 0), ...below(ROOT, 1)];
  const elements = positions.filter(({ payload }) => payload.length > 0);
  const seatOf = (name: string): string => {
    const place = places.get(name);
    return place === undefined || place.length === 0 ? name : dotOf(decodeValue(place) as Uint8Array, 0);
  };
  return elements
    .map(({ name, payload }) => ({ seat: order.indexOf(seatOf(name)), payload: values.get(name) ?? payload }))
    .filter(({ payload }) => payload.length > 0)
    .sort((left, right) => left.seat - right.seat)
    .map(({ payload }) => decodeValue(payload));
}

describe.each(ENGINES)("a list on $name", (engine) => {
  const pair = async () => {
    const { documents, members } = await openGroup(engine, Home, 2);
    return { home: documents[0]!, other: documents[1]!, members };
  };
  const both = (home: Home, other: Home, expected: readonly Value[]): void => {
    converge(home, other);
    for (const { words } of [home, other]) expect(words.values()).toEqual(expected);
    expect(home.digest()).toBe(other.digest());
    expect(slowList(home)).toEqual(expected);
  };

  it("inserts, gets, sets, deletes and moves", async () => {
    const { home, other } = await pair();
    const { words } = home;
    expect([words.length, words.get(0), [...words], words.toJSON()]).toEqual([0, undefined, [], []]);
    words.push("b", "d");
    words.insert(0, "a");
    words.insert(2, "c");
    words.insert(4);
    words.delete(1, 0);
    expect([...words]).toEqual(["a", "b", "c", "d"]);
    words.set(1, { deep: ["x"] });
    expect([words.get(1), words.get(4), words.get(-1), words.get(0.5)]).toEqual([
      { deep: ["x"] },
      undefined,
      undefined,
      undefined,
    ]);
    words.delete(0);
    words.move(2, 0);
    expect(words.values()).toEqual(["d", { deep: ["x"] }, "c"]);
    words.move(0, 1);
    words.move(1, 1);
    both(home, other, [{ deep: ["x"] }, "d", "c"]);
    words.delete(0, 3);
    both(home, other, []);
  });

  it("refuses what lies outside, and what cannot be stored, and stays as it was", async () => {
    const { home } = await pair();
    const { words } = home;
    words.push(1, 2);
    const code = (call: () => void, expected: string): void => {
      expect(call).toThrow(expect.objectContaining({ code: expected }));
    };
    for (const index of [3, -1, 0.5, Number.NaN]) code(() => words.insert(index, "x"), "invalid-argument");
    for (const index of [2, -1, 0.5]) {
      code(() => words.set(index, "x"), "invalid-argument");
      code(() => words.move(index, 0), "invalid-argument");
      code(() => words.move(0, index), "invalid-argument");
      code(() => words.positionAt(index), "invalid-argument");
    }
    code(() => words.delete(1, 2), "invalid-argument");
    code(() => words.delete(0, -1), "invalid-argument");
    code(() => words.push("fine", (() => 1) as never), "invalid-value");
    code(() => words.push(undefined as never), "invalid-value");
    code(() => words.set(0, undefined as never), "invalid-value");
    expect(words.values()).toEqual([1, 2]);
    expect(slowList(home)).toEqual([1, 2]);
  });

  it("does not interleave runs written at the same place at the same time, forwards or backwards", async () => {
    const { home, other } = await pair();
    home.words.push("(", ")");
    converge(home, other);
    for (const letter of "abc") home.words.insert(home.words.length - 1, letter);
    for (const letter of "zyx") other.words.insert(1, letter);
    both(home, other, [..."(abcxyz)"]);
  });

  it("lets a move and a deletion at the same time end deleted, and a move and a set in both", async () => {
    const { home, other } = await pair();
    home.words.push("a", "b", "c");
    converge(home, other);
    home.words.move(0, 2);
    other.words.delete(0);
    both(home, other, ["b", "c"]);
    home.words.move(0, 1);
    other.words.set(0, "B");
    both(home, other, ["c", "B"]);
  });

  it("brings back what was set after it was deleted, and lets the later of two moves win", async () => {
    const { home, other, members } = await pair();
    home.words.push("a", "b", "c");
    converge(home, other);
    home.words.delete(1);
    members[1]!.platform.nowMs += 5000;
    other.words.set(1, "B");
    both(home, other, ["a", "B", "c"]);
    home.words.move(0, 1);
    members[1]!.platform.nowMs += 5000;
    other.words.move(0, 2);
    both(home, other, ["B", "c", "a"]);
  });

  it("names elements for ever: through moves, sets and what others insert", async () => {
    const { home, other } = await pair();
    home.words.push("a", "b");
    const name = home.words.positionAt(1);
    converge(home, other);
    other.words.insert(0, "first");
    other.words.set(2, "B");
    converge(home, other);
    expect([home.words.indexOf(name), other.words.indexOf(name)]).toEqual([2, 2]);
    home.words.move(2, 0);
    expect([home.words.indexOf(name), home.words.get(0)]).toEqual([0, "B"]);
    home.words.delete(0);
    expect([home.words.indexOf(name), home.words.indexOf("nothing" as ListPosition)]).toEqual([-1, -1]);
  });

  it("is as it was after a transaction that threw, and sees its own writes within one", async () => {
    const { home, other } = await pair();
    home.words.push("a", "b");
    expect(() =>
      home.transact(() => {
        home.words.set(0, "A");
        home.words.insert(1, "new");
        home.words.move(2, 0);
        home.words.delete(1);
        expect(home.words.values()).toEqual(["b", "new"]);
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(home.words.values()).toEqual(["a", "b"]);
    home.transact(() => {
      home.words.set(0, "A");
      home.words.insert(1, "new", "er");
      home.words.move(3, 0);
    });
    both(home, other, ["b", "A", "new", "er"]);
  });

  it("gives bytes that nobody else holds, also from what was set and then loaded", async () => {
    const { home } = await pair();
    home.words.push("was text", new Uint8Array([1]));
    home.words.set(0, new Uint8Array([2]));
    const member = await createMember(engine);
    const again = (await member.replica.open("home", Home)) as Home;
    again.load(home.snapshot());
    for (const { words } of [home, again]) {
      (words.get(0) as Uint8Array)[0] = 9;
      (words.get(1) as Uint8Array)[0] = 9;
      expect(words.values()).toEqual([new Uint8Array([2]), new Uint8Array([1])]);
      expect(words.toJSON()).toEqual(["Ag==", "AQ=="]);
    }
  });

  it("tells of changes, each element once", async () => {
    const { home, other } = await pair();
    home.words.push("a", "b", "c");
    converge(home, other);
    const [a, b, c] = [0, 1, 2].map((index) => home.words.positionAt(index)) as [
      ListPosition,
      ListPosition,
      ListPosition,
    ];
    const heard: Change[] = [];
    home.subscribe((change) => heard.push(change));
    const said = {
      container: "words",
      type: "list",
      origin: "remote",
      inserted: [],
      deleted: [],
      set: [],
      moved: [],
    };
    home.words.set(0, "A");
    expect(heard.splice(0)).toEqual([{ ...said, origin: "local", set: [a] }]);
    other.words.push("d");
    const d = other.words.positionAt(3);
    other.words.set(3, "D");
    other.words.move(3, 0);
    other.words.move(1, 3);
    other.words.delete(1);
    other.words.set(1, "C");
    other.words.push("gone");
    other.words.delete(3);
    converge(home, other);
    const [change] = heard.splice(0);
    expect(change).toEqual({ ...said, inserted: [d], deleted: [b], set: [c], moved: [a] });
    home.transact(() => {
      home.words.delete(0);
      home.words.push("e");
    });
    expect(heard.splice(0)).toEqual([
      { ...said, origin: "local", inserted: [home.words.positionAt(3)], deleted: [d] },
    ]);
  });

  it("lives beside keys and places that nobody can read", async () => {
    const { home } = await pair();
    home.words.push("a", "b");
    const stranger = engine.createDocument({
      replica: "00000000000000ff" as ReplicaId,
      hashSeed: [1, 2],
      driftLimitMs: 1e9,
    });
    stranger.merge(home.snapshot(), 1000, false);
    const container = stranger.container("list", "words");
    const insert = (key: readonly number[], payload: readonly number[]): void => {
      const opcode = key[0] === 1 ? 9 : 2;
      const batch = Uint8Array.from([
        opcode,
        container,
        0,
        key.length,
        0,
        0,
        0,
        payload.length,
        0,
        0,
        0,
        ...key,
        ...payload,
      ]);
      stranger.mutate(batch, batch.length, 1000);
    };
    const dot = (sequence: number): number[] => [255, 0, 0, 0, 0, 0, 0, 0, sequence, 0, 0, 0];
    insert([1], [0x61]);
    insert([1, ...dot(3), 1], [0x61, 0x62]);
    insert([1, ...dot(2), 1], []);
    insert([1, ...dot(0), 1], []);
    insert([1, ...dot(9), 7], []);
    insert([2, ...dot(200)], [0xff]);
    insert([3, ...dot(2)], [0x01]);
    insert([2, 4], [0x01]);
    expect(home.words.values()).toEqual(["a", "b"]);
    home.merge(stranger.snapshot());
    expect(home.words.values()).toEqual(["a", "b"]);
    const member = await createMember(engine);
    const again = (await member.replica.open("home", Home)) as Home;
    again.load(home.snapshot());
    expect(again.words.values()).toEqual(["a", "b"]);
    stranger.close();
  });

  const edit = fc.record({
    who: fc.nat(2),
    what: fc.constantFrom("insert", "insert", "run", "delete", "set", "move", "pass", "converge", "reload"),
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    to: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    peer: fc.nat(2),
  });
  it("is on random schedules what the slow twin says, and equal everywhere", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { maxLength: 50 }), async (edits) => {
        const { documents } = await openGroup(engine, Home, 3);
        let written = 0;
        for (const { who, what, at, to, peer } of edits) {
          const document = documents[who]!;
          const { words } = document;
          const plain = words.values() as Value[];
          const index = Math.floor(at * plain.length);
          const target = Math.floor(to * plain.length);
          const place = Math.floor(at * (plain.length + 1));
          if (what === "insert") {
            words.insert(place, ++written);
            plain.splice(place, 0, written);
          } else if (what === "run") {
            words.insert(place, ++written, ++written, ++written);
            plain.splice(place, 0, written - 2, written - 1, written);
          } else if (what === "pass") {
            if (peer !== who) pass(document, documents[peer]!);
            continue;
          } else if (what === "converge") {
            converge(...documents);
            expect(new Set(documents.map((each) => JSON.stringify(each.words.values()))).size).toBe(1);
            continue;
          } else if (what === "reload") {
            const [member] = [await createMember(engine)];
            const again = (await member.replica.open("home", Home)) as Home;
            again.load(document.snapshot());
            expect(again.words.values()).toEqual(plain);
            continue;
          } else if (plain.length === 0) {
            continue;
          } else if (what === "delete") {
            words.delete(index);
            plain.splice(index, 1);
          } else if (what === "set") {
            words.set(index, ++written);
            plain[index] = written;
          } else {
            words.move(index, target);
            plain.splice(target, 0, ...plain.splice(index, 1));
          }
          expect(words.values()).toEqual(plain);
          for (let place = 0; place < plain.length; place++) {
            expect(words.indexOf(words.positionAt(place))).toBe(place);
          }
        }
        converge(...documents);
        const expected = slowList(documents[0]!);
        for (const { words } of documents)
          expect([words.values(), words.length]).toEqual([expected, expected.length]);
        expect(new Set(documents.map((document) => document.digest())).size).toBe(1);
      }),
      { numRuns: 80 },
    );
  });

  it("never interleaves runs of several writers at one place", async () => {
    const runs = fc.array(fc.record({ size: fc.integer({ min: 1, max: 5 }), isBackwards: fc.boolean() }), {
      minLength: 2,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(fc.nat(4), runs, async (place, writers) => {
        const { documents } = await openGroup(engine, Home, writers.length);
        documents[0]!.words.push(0, 1, 2, 3);
        converge(...documents);
        for (const [writer, { size, isBackwards }] of writers.entries()) {
          for (let step = 0; step < size; step++) {
            documents[writer]!.words.insert(isBackwards ? place : place + step, `${writer}`);
          }
        }
        converge(...documents);
        for (const { words } of documents) {
          const text = words.values().join("");
          for (const [writer, { size }] of writers.entries())
            expect(text).toContain(`${writer}`.repeat(size));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("the order of a list", () => {
  it("is the same in whatever order positions and moves come", () => {
    const dot = (replica: number, sequence: number): Dot => ({
      replica: `${replica}`.padStart(16, "0") as ReplicaId,
      sequence,
    });
    const tree = fc.array(
      fc.record({
        replica: fc.integer({ min: 1, max: 3 }),
        parent: fc.nat(),
        side: fc.constantFrom(0 as const, 1 as const),
        isBare: fc.boolean(),
        moveTo: fc.option(fc.nat()),
        isDeleted: fc.boolean(),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(tree, fc.infiniteStream(fc.nat()), (places, chance) => {
        const dots = places.map(({ replica }, index) => dot(replica, index + 1));
        const steps = places.flatMap(({ parent, side, isBare, moveTo, isDeleted }, index) => [
          (into: FugueList) => {
            into.enter(
              dots[index]!,
              parent % (index + 1) === index ? undefined : dots[parent % (index + 1)],
              side,
              !isBare,
            );
          },
          (into: FugueList) => {
            if (moveTo !== null) into.move(into.place(dots[index]!), into.place(dots[moveTo % dots.length]!));
          },
          (into: FugueList) => into.delete(into.place(dots[index]!), isDeleted),
        ]);
        const namesOf = (order: readonly ((into: FugueList) => void)[]): string[] => {
          const built = new FugueList();
          for (const step of order) step(built);
          const names = Array.from(built.elements(), ({ name }) => name);
          expect(built.length).toBe(names.length);
          for (const [index, name] of names.entries()) {
            expect([built.at(index).name, built.indexOf(built.element(name)!)]).toEqual([name, index]);
          }
          return names;
        };
        const mixed = [...steps];
        for (let index = mixed.length - 1; index > 0; index--) {
          const other = chance.next().value! % (index + 1);
          [mixed[index], mixed[other]] = [mixed[other]!, mixed[index]!];
        }
        expect(namesOf(mixed)).toEqual(namesOf(steps));
      }),
      { numRuns: 300 },
    );
  });

  it("stays quick for long runs: 50,000 elements in, half of them out again", () => {
    const order = new FugueList();
    const dot = (sequence: number): Dot => ({ replica: "0000000000000001" as ReplicaId, sequence });
    for (let sequence = 1; sequence <= 50000; sequence++) {
      const { parent, side } = order.originsBehind(
        order.length === 0 ? undefined : order.at((sequence * 7919) % order.length),
      );
      order.enter(dot(sequence), parent, side, true);
    }
    for (let sequence = 1; sequence <= 50000; sequence += 2) order.delete(order.place(dot(sequence)), true);
    expect(order.length).toBe(25000);
    expect(order.indexOf(order.at(12345))).toBe(12345);
  });
});
