// The engine interface call by call: documents and containers, every operation and what it refuses, transactions,
// reads and exports, vectors, the life cycle.
import { beforeAll, describe, expect, it } from "vitest";
import { CONTAINER_TYPES, type ContainerTypeName, type Engine, OPCODES } from "../../host/engine/engine.ts";
import { Batch, hex, mutate, readEntries, readVector, replicaId, vectorBytes } from "./batch.ts";
import { codeOf, DRIFT_LIMIT_MS, imageOf, NOW_MS, sync, useDocuments } from "./documents.ts";
import { describeEngines } from "./engines.ts";
import { decodePlainly } from "./plain-decoder.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && new TextDecoder().decode(bytes);
const TYPES = Object.keys(CONTAINER_TYPES) as ContainerTypeName[];

describeEngines("interface", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  const open = useDocuments(() => engine);

  describe("documents and containers", () => {
    it("counts open documents and refuses a bad replica", () => {
      const before = engine.statistics().documents;
      const document = open();
      expect(engine.statistics().documents).toBe(before + 1);
      document.close();
      expect(engine.statistics().documents).toBe(before);
      for (const replica of ["", "0", "0".repeat(16), "A".repeat(16), "1".repeat(17)]) {
        const options = { replica: replica as never, hashSeed: [1, 2] as const, driftLimitMs: 0 };
        expect(codeOf(() => engine.createDocument(options))).toBe("invalid-argument");
      }
      expect(engine.statistics().documents).toBe(before);
    });

    it("refuses every call on a closed document", () => {
      const document = open();
      const map = document.container("map", "m");
      document.close();
      const key = bytesOf("k");
      const calls: (() => unknown)[] = [
        () => document.setReplica(replicaId(2)),
        () => document.container("map", "m"),
        () => document.containers(),
        () => document.begin(),
        () => document.commit(),
        () => document.rollback(),
        () => document.mutate(new Uint8Array(0), 0, NOW_MS),
        () => document.merge(new Uint8Array(30), NOW_MS, false),
        () => document.deltaSince(vectorBytes()),
        () => document.localDelta(0),
        () => document.snapshot(),
        () => document.digest(),
        () => document.versionVector(),
        () => document.floor(),
        () => document.sequence(),
        () => document.clock(),
        () => document.setClock(1),
        () => document.compact(vectorBytes(), NOW_MS),
        () => document.read(map, key),
        () => document.has(map, key),
        () => document.size(map),
        () => document.counter(map),
        () => document.entries(map, 0),
        () => document.statistics(),
        () => document.checkInvariants(),
        () => document.close(),
      ];
      for (const call of calls) expect(codeOf(call), String(call)).toBe("document-closed");
    });

    it("gives containers dense, stable indexes; name and type together name one", () => {
      const document = open();
      const indexes = TYPES.map((type) => document.container(type, "same"));
      expect(indexes).toEqual(TYPES.map((_, index) => index));
      expect(TYPES.map((type) => document.container(type, "same"))).toEqual(indexes);
      expect(document.container("map", "größer \u{1f600}")).toBe(TYPES.length);
      expect(document.containers()[TYPES.length]).toEqual({
        index: TYPES.length,
        type: "map",
        name: "größer \u{1f600}",
        size: 0,
        entries: 0,
      });
    });

    it("refuses names that are empty, not text, or of no known type", () => {
      const document = open();
      expect(codeOf(() => document.container("map", ""))).toBe("invalid-argument");
      expect(codeOf(() => document.container("map", "a\ud800"))).toBe("invalid-argument");
      expect(codeOf(() => document.container("tree" as never, "t"))).toBe("invalid-argument");
      expect(codeOf(() => document.container("toString" as never, "t"))).toBe("invalid-argument");
      expect(document.containers()).toEqual([]);
    });

    it("meets unknown containers in a merge, in the order of the table", () => {
      const [document, other] = [open(1), open(2)];
      const [z, a] = [document.container("map", "z"), document.container("set", "a")];
      mutate(document, NOW_MS, (batch) => batch.put(z, "k", "v").add(a, "e"));
      other.container("flag", "own");
      other.merge(document.snapshot(), NOW_MS, false);
      expect(other.containers().map(({ name, type }) => `${type} ${name}`)).toEqual([
        "flag own",
        "set a",
        "map z",
      ]);
      expect(other.digest()).toBe(document.digest());
    });
  });

  describe("operations", () => {
    it("increment: takes a dot unless 0, adds to the running sums", () => {
      const document = open();
      const counter = document.container("counter", "c");
      expect(mutate(document, NOW_MS, (batch) => batch.increment(counter, 0).increment(counter, -0))).toBe(0);
      expect(document.sequence()).toBe(0);
      expect(mutate(document, NOW_MS, (batch) => batch.increment(counter, 5).increment(counter, -3))).toBe(2);
      expect(document.sequence()).toBe(2);
      expect(document.counter(counter)).toEqual({ plus: 5n, minus: 3n });
      expect(document.size(counter)).toBe(1);
      for (const amount of [0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(codeOf(() => mutate(document, NOW_MS, (batch) => batch.increment(counter, amount)))).toBe(
          "invalid-argument",
        );
      }
      expect(document.counter(counter)).toEqual({ plus: 5n, minus: 3n });
    });

    it("put, read, has, delete: registers and maps", () => {
      const document = open();
      const [map, register] = [document.container("map", "m"), document.container("register", "r")];
      expect(
        mutate(document, NOW_MS, (batch) =>
          batch.put(map, "k", "1").put(map, "", "2").put(register, "", "3"),
        ),
      ).toBe(3);
      expect(textOf(document.read(map, bytesOf("k")))).toBe("1");
      expect(textOf(document.read(map, bytesOf("")))).toBe("2");
      expect(textOf(document.read(register, bytesOf("")))).toBe("3");
      expect(document.read(map, bytesOf("absent"))).toBeUndefined();
      expect(document.has(map, bytesOf("k"))).toBe(true);
      expect(document.has(map, bytesOf("absent"))).toBe(false);
      expect([document.size(map), document.size(register)]).toEqual([2, 1]);
      expect(
        mutate(document, NOW_MS, (batch) => batch.delete(map, "k").delete(map, "k").delete(map, "absent")),
      ).toBe(1);
      expect(document.sequence()).toBe(4);
      expect(document.read(map, bytesOf("k"))).toBeUndefined();
      expect(document.has(map, bytesOf("k"))).toBe(false);
      expect(mutate(document, NOW_MS, (batch) => batch.delete(register, ""))).toBe(1);
      expect([document.size(map), document.size(register)]).toEqual([1, 0]);
      expect(document.statistics()).toEqual({ replicas: 1, entries: 3, deletedMarks: 2, removals: 0 });
      expect(mutate(document, NOW_MS, (batch) => batch.put(map, "k", "again"))).toBe(1);
      expect(textOf(document.read(map, bytesOf("k")))).toBe("again");
    });

    it("a copy that was read does not change the document, nor does a reused batch", () => {
      const document = open();
      const map = document.container("map", "m");
      const { bytes } = new Batch().put(map, "k", "value");
      document.mutate(bytes, bytes.length, NOW_MS);
      bytes.fill(0);
      document.read(map, bytesOf("k"))!.fill(0);
      expect(textOf(document.read(map, bytesOf("k")))).toBe("value");
    });

    it("add, remove: sets and flags; re-adding takes a dot and is not effective", () => {
      const document = open();
      const [set, flag] = [document.container("set", "s"), document.container("flag", "f")];
      expect(
        mutate(document, NOW_MS, (batch) => batch.add(set, "e").add(set, "e").add(flag, "").add(flag, "")),
      ).toBe(2);
      expect(document.sequence()).toBe(4);
      expect([document.size(set), document.size(flag)]).toEqual([1, 1]);
      expect(document.has(set, bytesOf("e"))).toBe(true);
      expect(
        mutate(document, NOW_MS, (batch) => batch.remove(set, "e").remove(set, "e").remove(set, "x")),
      ).toBe(1);
      expect(mutate(document, NOW_MS, (batch) => batch.remove(flag, "").remove(flag, ""))).toBe(1);
      expect(document.sequence()).toBe(6);
      expect([document.has(set, bytesOf("e")), document.has(flag, bytesOf(""))]).toEqual([false, false]);
      expect(document.statistics()).toEqual({ replicas: 1, entries: 0, deletedMarks: 0, removals: 4 });
    });

    it("clear: a dot a key in a map, one removal record in a set", () => {
      const document = open();
      const [map, set, flag] = [
        document.container("map", "m"),
        document.container("set", "s"),
        document.container("flag", "f"),
      ];
      const clearAll = (): number =>
        mutate(document, NOW_MS, (batch) => batch.clear(map).clear(set).clear(flag));
      expect(clearAll()).toBe(0);
      mutate(document, NOW_MS, (batch) =>
        batch.put(map, "b", "1").put(map, "a", "2").put(map, "gone", "3").delete(map, "gone"),
      );
      mutate(document, NOW_MS, (batch) => batch.add(set, "x").add(set, "y").add(flag, ""));
      const before = document.sequence();
      expect(clearAll()).toBe(3);
      const delta = decodePlainly(document.localDelta(before));
      expect(delta.entries.map(({ sequence, key }) => [sequence - before, textOf(key)])).toEqual([
        [1, "b"],
        [2, "a"],
      ]);
      expect(delta.removals.map(({ sequence, targets }) => [sequence - before, targets.length])).toEqual([
        [3, 2],
        [4, 1],
      ]);
      expect([document.size(map), document.size(set), document.size(flag)]).toEqual([0, 0, 0]);
    });

    it("append, truncate: logs in order, cut at a position", () => {
      const document = open();
      const log = document.container("log", "l");
      mutate(document, NOW_MS, (batch) => batch.push(log, "1").push(log, "2").push(log, "3"));
      const entries = readEntries(document.entries(log, 0));
      expect(entries.map(({ payload }) => payload)).toEqual(["1", "2", "3"]);
      expect(readEntries(document.entries(log, 2)).map(({ payload }) => payload)).toEqual(["2", "3"]);
      expect(readEntries(document.entries(log, 9)).length).toBe(3);
      const position = { timestamp: entries[1]!.timestamp, replica: 1n, sequence: 2 };
      expect(mutate(document, NOW_MS, (batch) => batch.truncate(log, position))).toBe(1);
      expect(mutate(document, NOW_MS, (batch) => batch.truncate(log, position))).toBe(0);
      expect(mutate(document, NOW_MS, (batch) => batch.truncate(log, { ...position, sequence: 1 }))).toBe(0);
      expect(document.sequence()).toBe(4);
      expect(readEntries(document.entries(log, 0)).map(({ payload }) => payload)).toEqual(["3"]);
      expect(document.size(log)).toBe(1);
      expect(document.containers()[log]!.entries).toBe(2);
    });

    it("an append below the truncation mark still stands", () => {
      const document = open();
      const log = document.container("log", "l");
      mutate(document, NOW_MS, (batch) =>
        batch.truncate(log, { timestamp: 2 ** 52, replica: 5n, sequence: 7 }),
      );
      mutate(document, NOW_MS, (batch) => batch.push(log, "1"));
      expect(readEntries(document.entries(log, 0))[0]!.timestamp).toBe(2 ** 52 + 1);
    });

    it("refuses what is no batch, and then nothing of it is applied", () => {
      const document = open();
      for (const type of TYPES) document.container(type, type);
      mutate(document, NOW_MS, (batch) => batch.put(2, "k", "v").add(3, "e"));
      const image = imageOf(document);
      const good = new Batch().put(2, "other", "v").increment(0, 3).bytes;
      const bad: [string, Batch][] = [
        ["opcode 0", new Batch().operation(0, 0)],
        ["opcode 9", new Batch().operation(9, 0)],
        ["an unknown container", new Batch().put(6, "k", "v")],
        ["a cut header", new Batch().raw(1, 0)],
        ["a cut increment", new Batch().operation(OPCODES.increment, 0).u32(0)],
        ["a cut put", new Batch().operation(OPCODES.put, 2).u32(1)],
        ["a cut key", new Batch().operation(OPCODES.put, 2).u32(2).u32(1).raw(1, 2)],
        ["a cut delete", new Batch().operation(OPCODES.delete, 2).u32(2).raw(1)],
        ["a delete without a key length", new Batch().operation(OPCODES.delete, 2).raw(1)],
        ["a cut add", new Batch().operation(OPCODES.add, 3).raw(1)],
        ["a cut remove", new Batch().operation(OPCODES.remove, 3).raw(1)],
        ["a cut append", new Batch().operation(OPCODES.append, 5).u32(3).raw(1)],
        ["an append without a length", new Batch().operation(OPCODES.append, 5)],
        ["a cut truncate", new Batch().operation(OPCODES.truncate, 5).f64(3)],
        ["a put without a payload", new Batch().put(2, "k", "")],
        ["an append without a payload", new Batch().push(5, "")],
        ["a register with a key", new Batch().put(1, "k", "v")],
        ["a deleted register with a key", new Batch().delete(1, "k")],
        ["a flag with a key", new Batch().add(4, "k")],
        ["a removed flag with a key", new Batch().remove(4, "k")],
        ["truncation at −1", new Batch().truncate(5, { timestamp: -1, replica: 1n, sequence: 1 })],
        ["truncation at 0.5", new Batch().truncate(5, { timestamp: 0.5, replica: 1n, sequence: 1 })],
        ["truncation at 2^53", new Batch().truncate(5, { timestamp: 2 ** 53, replica: 1n, sequence: 1 })],
        ["truncation at NaN", new Batch().truncate(5, { timestamp: Number.NaN, replica: 1n, sequence: 1 })],
      ];
      for (const [title, { bytes: tail }] of bad) {
        const bytes = Uint8Array.from([...good, ...tail]);
        expect(
          codeOf(() => document.mutate(bytes, bytes.length, NOW_MS)),
          title,
        ).toBe("invalid-argument");
        expect(imageOf(document), title).toBe(image);
      }
      for (const length of [good.length + 1, -1, 1.5, Number.NaN]) {
        expect(codeOf(() => document.mutate(good, length, NOW_MS))).toBe("invalid-argument");
      }
    });
  });

  describe("reads", () => {
    it("entries export replica table, dots, timestamps, keys and payloads in canonical order", () => {
      const [first, second] = [open(0xff00000000000001n), open(0x01000000000000ffn)];
      for (const document of [first, second]) {
        const map = document.container("map", "m");
        mutate(document, NOW_MS, (batch) => batch.put(map, `z ${document.replica}`, "1").put(map, "a", "22"));
        mutate(document, NOW_MS, (batch) => batch.put(map, "deleted", "x").delete(map, "deleted"));
      }
      sync(first, second);
      const entries = readEntries(first.entries(0, 0));
      expect(entries).toEqual(readEntries(second.entries(0, 0)));
      expect(
        entries.map(({ replica, sequence, key, payload }) => [
          replica.slice(0, 2),
          sequence,
          key.slice(0, 4),
          payload,
        ]),
      ).toEqual([
        ["01", 1, "z 01", "1"],
        ["ff", 1, "z ff", "1"],
        ["ff", 2, "a", "22"],
      ]);
      expect(entries[0]!.timestamp).toBe(NOW_MS * 1024);
      expect(readEntries(first.entries(0, 1)).map(({ key }) => key)).toEqual(["a"]);
    });

    it("keys and payloads of every byte and many lengths come back as they went in", () => {
      const [document, other] = [open(1), open(2)];
      const [map, set] = [document.container("map", "m"), document.container("set", "s")];
      const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      const keys = [0, 1, 7, 12, 13, 31, 32, 33, 64, 65, 255, 256, 4096, 65535].map((length) =>
        Uint8Array.from({ length }, (_, index) => all[(index * 7 + length) % 256]!),
      );
      for (const key of keys) {
        const payload = Uint8Array.from([1, ...key]);
        mutate(document, NOW_MS, (batch) => batch.put(map, key, payload).add(set, key));
      }
      other.merge(document.snapshot(), NOW_MS, false);
      for (const reader of [document, other]) {
        const [own, elements] = [reader.container("map", "m"), reader.container("set", "s")];
        for (const key of keys) {
          expect(hex(reader.read(own, key)!)).toBe(`01${hex(key)}`);
          expect(reader.has(elements, key)).toBe(true);
        }
        expect([reader.size(own), reader.size(elements)]).toEqual([keys.length, keys.length]);
      }
      expect(hex(other.snapshot())).toBe(hex(document.snapshot()));
    });
  });

  describe("transactions", () => {
    it("keep all or take back all, and are seen by reads meanwhile", () => {
      const document = open();
      const [map, set, counter, log] = (["map", "set", "counter", "log"] as const).map((type) =>
        document.container(type, type),
      ) as [number, number, number, number];
      mutate(document, NOW_MS, (batch) =>
        batch.put(map, "k", "old").add(set, "e").increment(counter, 1).push(log, "1"),
      );
      const image = imageOf(document);
      const work = (): void => {
        mutate(document, NOW_MS, (batch) =>
          batch.put(map, "k", "new").put(map, "k", "newer").delete(map, "k"),
        );
        mutate(document, NOW_MS, (batch) => batch.add(set, "e").remove(set, "e").add(set, "f").clear(set));
        mutate(document, NOW_MS, (batch) => batch.increment(counter, -5).push(log, "2"));
        mutate(document, NOW_MS, (batch) =>
          batch.truncate(log, { timestamp: 2 ** 52, replica: 1n, sequence: 1 }),
        );
      };
      document.begin();
      work();
      expect(document.has(map, bytesOf("k"))).toBe(false);
      expect([document.size(set), document.size(log)]).toEqual([0, 0]);
      expect(document.counter(counter)).toEqual({ plus: 1n, minus: 5n });
      document.rollback();
      expect(imageOf(document)).toBe(image);
      expect(textOf(document.read(map, bytesOf("k")))).toBe("old");
      expect([document.size(set), document.size(log)]).toEqual([1, 1]);
      expect(document.counter(counter)).toEqual({ plus: 1n, minus: 0n });
      document.begin();
      work();
      document.commit();
      expect(document.sequence()).toBe(4 + 3 + 4 + 2 + 1);
    });

    it("of a first mutation leave no replica behind when rolled back", () => {
      const document = open();
      const map = document.container("map", "m");
      document.begin();
      mutate(document, NOW_MS, (batch) => batch.put(map, "k", "v"));
      document.rollback();
      expect(readVector(document.versionVector())).toEqual([]);
      expect(document.statistics().replicas).toBe(0);
      expect(document.clock()).toBe(0);
    });

    it("lose only the batch that failed", () => {
      const document = open();
      const map = document.container("map", "m");
      document.begin();
      mutate(document, NOW_MS, (batch) => batch.put(map, "first", "1"));
      expect(
        codeOf(() => mutate(document, NOW_MS, (batch) => batch.put(map, "second", "2").put(map, "k", ""))),
      ).toBe("invalid-argument");
      mutate(document, NOW_MS, (batch) => batch.put(map, "third", "3"));
      document.commit();
      expect(readEntries(document.entries(map, 0)).map(({ key, sequence }) => [key, sequence])).toEqual([
        ["first", 1],
        ["third", 2],
      ]);
    });

    it("forbid merges, compaction, encoding and other transactions while open", () => {
      const document = open();
      const delta = open(2).snapshot();
      expect(codeOf(() => document.commit())).toBe("invalid-argument");
      expect(codeOf(() => document.rollback())).toBe("invalid-argument");
      document.begin();
      const calls: (() => unknown)[] = [
        () => document.begin(),
        () => document.merge(delta, NOW_MS, false),
        () => document.compact(vectorBytes(), NOW_MS),
        () => document.deltaSince(vectorBytes()),
        () => document.localDelta(0),
        () => document.snapshot(),
        () => document.digest(),
        () => document.setReplica(replicaId(3)),
      ];
      for (const call of calls) expect(codeOf(call), String(call)).toBe("invalid-argument");
      document.commit();
    });
  });

  describe("vectors, deltas and the clock", () => {
    it("deltaSince refuses what is no vector", () => {
      const document = open();
      const good = vectorBytes([[1, 1]]);
      const bad = [
        new Uint8Array(3),
        good.subarray(0, 15),
        Uint8Array.from([...good, 0]),
        vectorBytes([[0, 1]]),
        vectorBytes([[1, 0]]),
        vectorBytes([[1, 0xffffffff]]),
        vectorBytes([
          [2, 1],
          [1, 1],
        ]),
        vectorBytes([
          [1, 1],
          [1, 1],
        ]),
      ];
      for (const vector of bad)
        expect(
          codeOf(() => document.deltaSince(vector)),
          hex(vector),
        ).toBe("invalid-argument");
      expect(codeOf(() => document.deltaSince(Uint8Array.from([0, 0, 1, 0])))).toBe("limit-exceeded");
      for (const sequence of [-1, 0.5, Number.NaN]) {
        expect(codeOf(() => document.localDelta(sequence))).toBe("invalid-argument");
      }
    });

    it("a delta for one who is ahead, or knows other replicas, says what the sender has", () => {
      const document = open(5);
      const map = document.container("map", "m");
      mutate(document, NOW_MS, (batch) => batch.put(map, "k", "v"));
      const delta = decodePlainly(
        document.deltaSince(
          vectorBytes([
            [1, 9],
            [5, 9],
            [7, 9],
          ]),
        ),
      );
      expect(delta.replicas).toEqual([{ id: 5n, base: 1, to: 1 }]);
      expect([delta.entries.length, delta.flags, delta.baseTimestamp]).toEqual([0, 0, 0]);
    });

    it("a stream delta lists who advances and whose dots it removes, no others", () => {
      const [document, other] = [open(5), open(7)];
      const set = other.container("set", "s");
      for (const element of ["a", "b", "c"]) mutate(other, NOW_MS, (batch) => batch.add(set, element));
      sync(document, other);
      const own = document.container("set", "s");
      mutate(document, NOW_MS, (batch) => batch.add(own, "d"));
      expect(decodePlainly(document.localDelta(0)).replicas).toEqual([{ id: 5n, base: 0, to: 1 }]);
      mutate(document, NOW_MS, (batch) => batch.remove(own, "b").remove(own, "d"));
      expect(decodePlainly(document.localDelta(1)).replicas).toEqual([
        { id: 5n, base: 1, to: 3 },
        { id: 7n, base: 2, to: 2 },
      ]);
      expect(decodePlainly(document.localDelta(3))).toMatchObject({
        flags: 2,
        replicas: [],
        entries: [],
        removals: [],
      });
      expect(hex(document.localDelta(99))).toBe(hex(document.localDelta(3)));
      const newcomer = open(9);
      expect(codeOf(() => newcomer.merge(document.localDelta(1), NOW_MS, false))).toBe("gap");
    });

    it("the version vector has no zeros and ascends by unsigned id", () => {
      const ids = [0x8000000000000000n, 0x7fffffffffffffffn, 0xffffffffffffffffn, 1n];
      const documents = ids.map((id) => open(id));
      for (const document of documents)
        mutate(document, NOW_MS, (batch) => batch.increment(document.container("counter", "c"), 1));
      for (const document of documents) sync(documents[0]!, document);
      expect(readVector(documents[0]!.versionVector()).map(([id]) => id)).toEqual(
        [...ids.map((id) => replicaId(id))].sort(),
      );
      expect(readVector(documents[0]!.floor())).toEqual([]);
    });

    it("setReplica continues after what is known of that replica", () => {
      const document = open(1);
      const counter = document.container("counter", "c");
      mutate(document, NOW_MS, (batch) => batch.increment(counter, 1).increment(counter, 1));
      document.setReplica(replicaId(2));
      expect([document.replica, document.sequence()]).toEqual([replicaId(2), 0]);
      mutate(document, NOW_MS, (batch) => batch.increment(counter, 5));
      document.setReplica(replicaId(1));
      expect(document.sequence()).toBe(2);
      mutate(document, NOW_MS, (batch) => batch.increment(counter, 1));
      expect(readVector(document.versionVector())).toEqual([
        [replicaId(1), 3],
        [replicaId(2), 1],
      ]);
      expect(document.counter(counter)).toEqual({ plus: 8n, minus: 0n });
      expect(codeOf(() => document.setReplica("x" as never))).toBe("invalid-argument");
    });

    it("refuses times and timestamps that are none", () => {
      const document = open();
      const empty = new Uint8Array(0);
      for (const nowMs of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 43]) {
        expect(codeOf(() => document.mutate(empty, 0, nowMs))).toBe("invalid-argument");
        expect(codeOf(() => document.merge(open(2).snapshot(), nowMs, false))).toBe("invalid-argument");
        expect(codeOf(() => document.compact(vectorBytes(), nowMs))).toBe("invalid-argument");
      }
      for (const timestamp of [-1, 0.5, Number.NaN, 2 ** 53]) {
        expect(codeOf(() => document.setClock(timestamp))).toBe("invalid-argument");
      }
      for (const driftLimitMs of [-1, Number.NaN]) {
        const options = { replica: replicaId(1), hashSeed: [1, 2] as const, driftLimitMs };
        expect(codeOf(() => engine.createDocument(options))).toBe("invalid-argument");
      }
      expect(DRIFT_LIMIT_MS).toBe(60_000);
    });
  });
});
