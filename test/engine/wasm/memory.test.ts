// Many documents in one linear memory: handles that outlive their document, memory that comes back after close, growth.
import { describe, expect, it } from "vitest";
import { type EngineDocument, OPCODES } from "../../../host/engine/engine.ts";
import { WasmDocument } from "../../../host/engine/wasm/wasm-document.ts";
import { createWasmEngine } from "../../../host/engine/wasm/wasm-engine.ts";
import { WasmInstance } from "../../../host/engine/wasm/wasm-instance.ts";
import { isCrdtError } from "../../../host/errors.ts";
import { DELTA_BYTES_MAX } from "../../../host/limits.ts";
import { Batch, mutate, replicaId } from "../../conformance/batch.ts";

const NOW_MS = 1_700_000_000_000;
const options = { hashSeed: [1, 2], driftLimitMs: 60_000 } as const;

function fill(document: EngineDocument, count: number, label: string): void {
  const map = document.container("map", "m");
  const set = document.container("set", "s");
  const log = document.container("log", "l");
  for (let begin = 0; begin < count; begin += 100) {
    mutate(document, NOW_MS + begin, (batch) => {
      for (let index = begin; index < begin + 100; index++) {
        batch.put(map, `key ${index}`, `${label} ${index}`).add(set, `element ${index}`).push(log, label);
      }
      return batch;
    });
  }
}

describe("results", () => {
  it("stay as they were given, whatever is asked afterwards", () => {
    const engine = createWasmEngine();
    const document = engine.createDocument({ replica: replicaId(1), ...options });
    const map = document.container("map", "m");
    const given: { bytes: Uint8Array; copy: Uint8Array }[] = [];
    for (let index = 0; index < 500; index++) {
      mutate(document, NOW_MS, (batch) =>
        batch.put(map, `key ${index}`, "v".repeat(1 + ((index * 37) % 1_200))),
      );
      const bytes = document.localDelta(index);
      given.push({ bytes, copy: bytes.slice() });
    }
    for (const { bytes, copy } of given) expect(Buffer.compare(bytes, copy)).toBe(0);
    const reader = engine.createDocument({ replica: replicaId(2), ...options });
    for (const { bytes } of given) reader.merge(bytes, NOW_MS, true);
    expect(reader.digest()).toBe(document.digest());
  });

  it("know the own sequence after whatever may move it", () => {
    const engine = createWasmEngine();
    const document = engine.createDocument({ replica: replicaId(1), ...options });
    const map = document.container("map", "m");
    const put = (): unknown => mutate(document, NOW_MS, (batch) => batch.put(map, "key", "value"));
    expect(document.sequence()).toBe(0);
    put();
    expect(document.sequence()).toBe(1);
    const twin = engine.createDocument({ replica: replicaId(1), ...options });
    expect(twin.sequence()).toBe(0);
    twin.merge(document.snapshot(), NOW_MS, false);
    expect(twin.sequence()).toBe(1);
    document.begin();
    put();
    expect(document.sequence()).toBe(2);
    document.rollback();
    expect(document.sequence()).toBe(1);
    document.setReplica(replicaId(2));
    expect(document.sequence()).toBe(0);
    expect(() => document.mutate(Uint8Array.of(99), 1, NOW_MS)).toThrow();
    expect(document.sequence()).toBe(0);
    document.close();
    expect(() => document.sequence()).toThrow(/closed/);
  });
});

describe("linear memory", () => {
  it("keeps 2,000 documents apart", () => {
    const engine = createWasmEngine();
    const documents = Array.from({ length: 2_000 }, (_, index) =>
      engine.createDocument({ replica: replicaId(index + 1), ...options }),
    );
    documents.forEach((document, index) => {
      const map = document.container("map", "m");
      mutate(document, NOW_MS, (batch) => batch.put(map, "key", `of ${index}`));
    });
    documents.forEach((document, index) => {
      const value = document.read(document.container("map", "m"), Uint8Array.from([0x6b, 0x65, 0x79]));
      expect(String.fromCharCode(...value!)).toBe(`of ${index}`);
      if (index % 2 === 0) document.close();
    });
    expect(engine.statistics().documents).toBe(1_000);
    for (let index = 1; index < 2_000; index += 2) documents[index]!.checkInvariants();
  });

  it("gives the memory of closed documents to new ones", () => {
    const instance = new WasmInstance(undefined);
    const pages: number[] = [];
    for (let round = 0; round < 6; round++) {
      const document = new WasmDocument(instance, { replica: replicaId(round + 1), ...options });
      fill(document, 5_000, "x".repeat(40));
      document.checkInvariants();
      document.close();
      pages.push(instance.exports.freePages());
    }
    expect(pages[5]).toBe(pages[1]);
  });

  it("does not grow with rewriting, removing and adding again", () => {
    const instance = new WasmInstance(undefined);
    const document = new WasmDocument(instance, { replica: replicaId(1), ...options });
    const churn = (): number => {
      const set = document.container("set", "s");
      for (let round = 0; round < 20; round++) {
        fill(document, 1_000, `value ${round}`);
        mutate(document, NOW_MS, (batch) => batch.clear(set));
        document.compact(document.versionVector(), NOW_MS);
        mutate(document, NOW_MS, (batch) =>
          batch.truncate(document.container("log", "l"), {
            timestamp: document.clock(),
            replica: 1n,
            sequence: document.sequence(),
          }),
        );
      }
      document.checkInvariants();
      return instance.exports.freePages();
    };
    churn();
    const before = churn();
    expect(churn()).toBe(before);
  });

  it("keeps the key of an element until its last entry has left, and frees it once", () => {
    const instance = new WasmInstance(undefined);
    const ELEMENTS = 300;
    const nameOf = (index: number): string => `${`element ${index}`.padEnd(12)}${"x".repeat(200)}`;
    const addAll = (document: EngineDocument, from: number): void => {
      const set = document.container("set", "s");
      mutate(document, NOW_MS, (batch) => {
        for (let index = from; index < from + ELEMENTS; index++) batch.add(set, nameOf(index));
        return batch;
      });
    };
    const round = (): number => {
      const documents = [1, 2, 3, 4, 5, 6].map(
        (number) => new WasmDocument(instance, { replica: replicaId(number), ...options }),
      );
      const [first, second, third, all, early, late] = documents as [
        WasmDocument,
        WasmDocument,
        WasmDocument,
        WasmDocument,
        WasmDocument,
        WasmDocument,
      ];
      for (const writer of [first, second, third]) {
        addAll(writer, 0);
        all.merge(writer.deltaSince(all.versionVector()), NOW_MS, false);
      }
      const set = all.container("set", "s");
      // What was seen of the element differs: first the chain loses its head, then its middle and its end.
      [
        { remover: early, seen: [first], size: ELEMENTS },
        { remover: late, seen: [second, third], size: ELEMENTS / 2 },
      ].forEach(({ remover, seen, size }, turn) => {
        for (const writer of seen) remover.merge(writer.deltaSince(remover.versionVector()), NOW_MS, false);
        const removed = remover.container("set", "s");
        mutate(remover, NOW_MS, (batch) => {
          for (let index = 0; index < ELEMENTS; index += 2) batch.remove(removed, nameOf(index));
          return batch;
        });
        all.merge(remover.deltaSince(all.versionVector()), NOW_MS, false);
        // Keys of the same length would take the place of one freed too early.
        addAll(all, (turn + 1) * ELEMENTS);
        all.checkInvariants();
        expect(all.size(set)).toBe(size + (turn + 1) * ELEMENTS);
      });
      for (const document of documents) document.close();
      return instance.exports.freePages();
    };
    round();
    const before = round();
    expect(round()).toBe(before);
  });

  it("needs no more for a batch of many clears than for one", () => {
    const engine = createWasmEngine();
    const document = engine.createDocument({ replica: replicaId(1), ...options });
    const map = document.container("map", "m");
    for (let begin = 0; begin < 20_000; begin += 1_000) {
      mutate(document, NOW_MS, (batch) => {
        for (let index = begin; index < begin + 1_000; index++) batch.put(map, `key ${index}`, "x");
        return batch.clear(map);
      });
    }
    const { memoryBytes } = engine.statistics();
    mutate(document, NOW_MS, (batch) => {
      for (let round = 0; round < 1_000; round++) batch.put(map, "key", "x").clear(map);
      return batch;
    });
    expect(document.size(map)).toBe(0);
    expect(engine.statistics().memoryBytes).toBe(memoryBytes);
  });

  it("does not take in what is too long for any call", () => {
    const engine = createWasmEngine();
    const document = engine.createDocument({ replica: replicaId(1), ...options });
    const { memoryBytes } = engine.statistics();
    const long = new Uint8Array(DELTA_BYTES_MAX + 1);
    const codes = [
      () => document.merge(long, NOW_MS, false),
      () => document.mutate(long, long.length, NOW_MS),
      () => document.deltaSince(long),
      () => document.compact(long.fill(0xff, 0, 4), NOW_MS),
    ].map((call) => {
      try {
        call();
        return undefined;
      } catch (error) {
        return isCrdtError(error) ? error.code : error;
      }
    });
    expect(codes).toEqual(["limit-exceeded", "limit-exceeded", "invalid-argument", "limit-exceeded"]);
    expect(engine.statistics().memoryBytes).toBe(memoryBytes);
  });

  it("refuses tables whose rows would not fit", () => {
    const engine = createWasmEngine();
    for (const [rows, columns] of [[0, 2 ** 30] as const, [2 ** 20, 2 ** 10] as const]) {
      let caught: unknown;
      try {
        engine.createVectorTable(rows, columns);
      } catch (error) {
        caught = error;
      }
      expect(isCrdtError(caught, "invalid-argument")).toBe(true);
    }
  });

  it("survives growth: views are taken anew", () => {
    const engine = createWasmEngine();
    const document = engine.createDocument({ replica: replicaId(1), ...options });
    const { memoryBytes } = engine.statistics();
    const map = document.container("map", "m");
    const payloadBytes = 1_000_000;
    const header = new Batch().operation(OPCODES.put, map).u32(1).u32(payloadBytes).bytes;
    const batch = new Uint8Array(header.length + 1 + payloadBytes);
    batch.set(header);
    for (let index = 0; index < 40; index++) {
      batch.fill(index, header.length);
      document.mutate(batch, batch.length, NOW_MS);
    }
    expect(engine.statistics().memoryBytes).toBeGreaterThan(memoryBytes!);
    const last = document.read(map, Uint8Array.of(39))!;
    expect(last.length).toBe(payloadBytes);
    expect(last.every((byte) => byte === 39)).toBe(true);
  });

  it("tells a closed document from the one that took its place", () => {
    const engine = createWasmEngine();
    const first = engine.createDocument({ replica: replicaId(1), ...options });
    first.close();
    const second = engine.createDocument({ replica: replicaId(2), ...options });
    let caught: unknown;
    try {
      first.sequence();
    } catch (error) {
      caught = error;
    }
    expect(isCrdtError(caught, "document-closed")).toBe(true);
    expect(second.sequence()).toBe(0);
  });
});
