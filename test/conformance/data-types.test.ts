// What the data types promise their user, as far as the engine decides it.
import { beforeAll, describe, expect, it } from "vitest";
import type { Engine, EngineDocument } from "../../host/engine/engine.ts";
import { hex, mutate, readEntries, replicaId } from "./batch.ts";
import { codeOf, imageOf, NOW_MS, sync, syncAll, useDocuments } from "./documents.ts";
import { describeEngines } from "./engines.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describeEngines("data types", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  const open = useDocuments(() => engine);
  const increment = (document: EngineDocument, ...amounts: number[]): void => {
    const counter = document.container("counter", "c");
    for (const amount of amounts) mutate(document, NOW_MS, (batch) => batch.increment(counter, amount));
  };
  const totalOf = (document: EngineDocument): bigint => {
    const { plus, minus } = document.counter(document.container("counter", "c"));
    return plus - minus;
  };
  const elementsOf = (document: EngineDocument): string[] => {
    const entries = readEntries(document.entries(document.container("set", "s"), 0));
    return [...new Set(entries.map(({ key }) => key))].sort();
  };
  const add = (document: EngineDocument, ...elements: string[]): void => {
    const set = document.container("set", "s");
    for (const element of elements) mutate(document, NOW_MS, (batch) => batch.add(set, element));
  };
  const remove = (document: EngineDocument, ...elements: string[]): void => {
    const set = document.container("set", "s");
    for (const element of elements) mutate(document, NOW_MS, (batch) => batch.remove(set, element));
  };

  describe("counters", () => {
    it("sum up: 5 + 3 = 8, and 5 − 2 + 10 − 8 = 5", () => {
      const document = open();
      increment(document, 5, 3);
      expect(totalOf(document)).toBe(8n);
      const other = open();
      increment(other, 5, -2, 10, -8);
      expect(totalOf(other)).toBe(5n);
    });

    it("merge to 5 from 3 and 2, and merged again still 5", () => {
      const [left, right] = [open(1), open(2)];
      increment(left, 3);
      increment(right, 2);
      const delta = right.snapshot();
      left.merge(delta, NOW_MS, false);
      expect(totalOf(left)).toBe(5n);
      expect(left.merge(delta, NOW_MS, false).changed).toBe(false);
      expect(totalOf(left)).toBe(5n);
    });

    it("tell apart what went up and down, and who did it", () => {
      const [left, right] = [open(1), open(2)];
      increment(left, 10, -3);
      increment(right, 5, -2);
      sync(left, right);
      const counter = left.container("counter", "c");
      expect(left.counter(counter)).toEqual({ plus: 15n, minus: 5n });
      expect(
        readEntries(left.entries(counter, 0)).map(({ replica, payload }) => [replica, hex(bytesOf(payload))]),
      ).toEqual([
        [replicaId(1), "0a03"],
        [replicaId(2), "0502"],
      ]);
    });

    it("lose no increment of two copies of one state under replicas of their own", () => {
      const origin = open(1);
      increment(origin, 10, -10);
      const copies = [open(2), open(3)] as const;
      for (const copy of copies) copy.merge(origin.snapshot(), NOW_MS, false);
      increment(copies[0], 3);
      increment(copies[1], 4);
      sync(...copies);
      expect(copies.map(totalOf)).toEqual([7n, 7n]);
    });

    it("refuse to leave ±(2^53 − 1), each sum for itself, and keep what they had", () => {
      const document = open();
      increment(document, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER);
      const image = imageOf(document);
      expect(codeOf(() => increment(document, 1))).toBe("counter-range");
      expect(codeOf(() => increment(document, -1))).toBe("counter-range");
      expect(codeOf(() => increment(open(2), 2 ** 53))).toBe("counter-range");
      expect(codeOf(() => increment(open(3), -1e300))).toBe("counter-range");
      expect(imageOf(document)).toBe(image);
      expect(totalOf(document)).toBe(0n);
    });

    it("give exact sums beyond 2^53 from many replicas", () => {
      const documents = [1, 2, 3, 4].map((id) => open(id));
      for (const document of documents) increment(document, Number.MAX_SAFE_INTEGER - 2, -3);
      for (const document of documents) documents[0]!.merge(document.snapshot(), NOW_MS, false);
      const { plus, minus } = documents[0]!.counter(0);
      expect([plus, minus]).toEqual([4n * (2n ** 53n - 3n), 12n]);
    });

    it("of five replicas, each adding its number, give 15 everywhere", () => {
      const documents = [1, 2, 3, 4, 5].map((id) => open(id));
      documents.forEach((document, index) => {
        increment(document, index + 1);
      });
      syncAll(documents);
      expect(documents.map(totalOf)).toEqual([15n, 15n, 15n, 15n, 15n]);
    });

    it("agree on 81 after a cut into two and three: 5·10, then 2·5 and 3·7", () => {
      const documents = [1, 2, 3, 4, 5].map((id) => open(id));
      for (const document of documents) increment(document, 10);
      syncAll(documents);
      const [left, right] = [documents.slice(0, 2), documents.slice(2)];
      for (const document of left) increment(document, 5);
      for (const document of right) increment(document, 7);
      syncAll(left);
      syncAll(right);
      expect(documents.map(totalOf)).toEqual([60n, 60n, 71n, 71n, 71n]);
      syncAll(documents);
      expect(documents.map(totalOf)).toEqual([81n, 81n, 81n, 81n, 81n]);
    });
  });

  describe("sets", () => {
    it("have an element once, however often it is added", () => {
      const document = open();
      add(document, "a", "a");
      expect(document.size(0)).toBe(1);
      expect(document.statistics().entries).toBe(1);
    });

    it("unite: {a, b} and {b, c} have 3", () => {
      const [left, right] = [open(1), open(2)];
      add(left, "a", "b");
      add(right, "b", "c");
      sync(left, right);
      expect([elementsOf(left), left.size(0)]).toEqual([["a", "b", "c"], 3]);
      expect(left.statistics().entries).toBe(4);
    });

    it("keep an element that was added while another removed it", () => {
      const [left, right] = [open(1), open(2)];
      add(left, "a");
      sync(left, right);
      remove(left, "a");
      add(right, "a");
      sync(left, right);
      expect([elementsOf(left), elementsOf(right)]).toEqual([["a"], ["a"]]);
      remove(right, "a");
      sync(left, right);
      expect([elementsOf(left), elementsOf(right)]).toEqual([[], []]);
    });

    it("merge three ways to the same in any order", () => {
      const images = [
        [0, 1, 2],
        [2, 1, 0],
        [1, 0, 2],
        [2, 0, 1],
      ].map((order) => {
        const documents = [1, 2, 3].map((id) => open(id));
        add(documents[0]!, "a", "b");
        sync(documents[0]!, documents[1]!);
        remove(documents[1]!, "a");
        add(documents[0]!, "a");
        add(documents[2]!, "a", "c");
        remove(documents[2]!, "c");
        const target = open(9);
        for (const index of order) target.merge(documents[index]!.snapshot(), NOW_MS, false);
        return [elementsOf(target).join(), target.digest()].join();
      });
      expect(new Set(images).size).toBe(1);
      expect(images[0]).toMatch(/^a,b,/);
    });

    it("do not bring a removed element back on a round trip, nor after compaction", () => {
      const [left, right] = [open(1), open(2)];
      add(left, "a", "b");
      sync(left, right);
      const old = left.snapshot();
      remove(left, "a");
      sync(left, right);
      for (const isCompacted of [false, true]) {
        if (isCompacted) for (const document of [left, right]) document.compact(left.versionVector(), NOW_MS);
        left.merge(old, NOW_MS, false);
        right.merge(old, NOW_MS, false);
        left.merge(right.snapshot(), NOW_MS, false);
        expect([elementsOf(left), elementsOf(right)]).toEqual([["b"], ["b"]]);
      }
      const newcomer = open(3);
      newcomer.merge(right.deltaSince(newcomer.versionVector()), NOW_MS, false);
      expect(elementsOf(newcomer)).toEqual(["b"]);
    });

    it("do not grow with 1,000 cycles of add and remove once these are compacted", () => {
      const document = open();
      add(document, "a");
      remove(document, "a");
      document.compact(document.versionVector(), NOW_MS);
      const before = document.snapshot().length;
      for (let cycle = 0; cycle < 1000; cycle++) {
        add(document, "a");
        remove(document, "a");
      }
      document.compact(document.versionVector(), NOW_MS);
      expect(document.statistics()).toEqual({ replicas: 1, entries: 0, deletedMarks: 0, removals: 0 });
      expect(document.snapshot().length).toBeLessThanOrEqual(before + 4);
    });

    it("an element several replicas added goes with one remove that saw them all", () => {
      const documents = [3, 1, 2].map((id) => open(id));
      for (const document of documents) add(document, "a");
      syncAll(documents);
      expect(documents[0]!.statistics().entries).toBe(3);
      remove(documents[0]!, "a");
      syncAll(documents);
      expect(documents.map((document) => document.size(0))).toEqual([0, 0, 0]);
    });
  });

  describe("registers and maps", () => {
    it("the later write wins, equal timestamps are decided the same way everywhere", () => {
      const documents = [1, 2, 3].map((id) => open(id));
      for (const document of documents) {
        const register = document.container("register", "r");
        mutate(document, NOW_MS, (batch) => batch.put(register, "", `by ${document.replica.slice(-1)}`));
      }
      syncAll(documents);
      for (const document of documents) {
        expect(readEntries(document.entries(0, 0)).map(({ payload }) => payload)).toEqual(["by 3"]);
      }
      mutate(documents[0]!, NOW_MS + 1, (batch) => batch.put(0, "", "later"));
      syncAll(documents);
      for (const document of documents) expect(readEntries(document.entries(0, 0))[0]!.payload).toBe("later");
    });

    it("20 writers × 10 writes converge", () => {
      const documents = Array.from({ length: 20 }, (_, index) => open(index + 1));
      for (let round = 0; round < 10; round++) {
        documents.forEach((document, index) => {
          const map = document.container("map", "m");
          mutate(document, NOW_MS + round, (batch) =>
            batch.put(map, `k${(index * round) % 7}`, `${index}.${round}`),
          );
        });
        if (round % 3 === 0) sync(documents[round]!, documents[19 - round]!);
      }
      for (const document of documents) documents[0]!.merge(document.snapshot(), NOW_MS, false);
      for (const document of documents) document.merge(documents[0]!.snapshot(), NOW_MS, false);
      expect(new Set(documents.map((document) => document.digest())).size).toBe(1);
      expect(documents[5]!.size(0)).toBe(7);
    });

    it("deleting wins over what it saw and loses to what came after", () => {
      const [left, right] = [open(1), open(2)];
      const [map] = [left.container("map", "m"), right.container("map", "m")];
      mutate(left, NOW_MS, (batch) => batch.put(map, "k", "1"));
      sync(left, right);
      mutate(right, NOW_MS, (batch) => batch.delete(map, "k"));
      sync(left, right);
      expect([left.has(map, bytesOf("k")), right.has(map, bytesOf("k"))]).toEqual([false, false]);
      mutate(left, NOW_MS, (batch) => batch.put(map, "k", "2"));
      sync(left, right);
      expect([left.has(map, bytesOf("k")), right.has(map, bytesOf("k"))]).toEqual([true, true]);
    });
  });

  describe("flags and logs", () => {
    it("a flag that was enabled while another disabled it stays on", () => {
      const [left, right] = [open(1), open(2)];
      for (const document of [left, right]) document.container("flag", "f");
      mutate(left, NOW_MS, (batch) => batch.add(0, ""));
      sync(left, right);
      mutate(left, NOW_MS, (batch) => batch.remove(0, ""));
      mutate(right, NOW_MS, (batch) => batch.add(0, ""));
      sync(left, right);
      expect([left.size(0), right.size(0)]).toEqual([1, 1]);
    });

    it("logs have one order everywhere, whatever order entries arrived in", () => {
      const documents = [1, 2, 3].map((id) => open(id));
      for (let round = 0; round < 100; round++) {
        const document = documents[round % 3]!;
        const log = document.container("log", "l");
        mutate(document, NOW_MS + ((round * 37) % 50), (batch) => batch.push(log, `${round}`));
      }
      const [first, second] = [open(8), open(9)];
      for (const document of documents) first.merge(document.snapshot(), NOW_MS, false);
      for (const document of documents.reverse()) second.merge(document.snapshot(), NOW_MS, false);
      const order = readEntries(first.entries(0, 0)).map(({ timestamp, replica, sequence }) => [
        timestamp,
        replica,
        sequence,
      ]);
      expect(order.length).toBe(100);
      expect(hex(first.entries(0, 0))).toBe(hex(second.entries(0, 0)));
      expect(order).toEqual(
        [...order]
          .sort((left, right) => (left < right ? -1 : 1))
          .sort((left, right) => Number(left[0]) - Number(right[0])),
      );
    });

    it("a truncation takes what arrives late, and the greater of two stands", () => {
      const [left, right] = [open(1), open(2)];
      for (const document of [left, right]) document.container("log", "l");
      for (let count = 0; count < 6; count++) mutate(left, NOW_MS, (batch) => batch.push(0, `l${count}`));
      mutate(right, NOW_MS - 10, (batch) => batch.push(0, "r"));
      const [third, fourth] = readEntries(left.entries(0, 0)).slice(2);
      mutate(left, NOW_MS, (batch) => batch.truncate(0, { ...third!, replica: 1n }));
      const mark = left.localDelta(left.sequence() - 1);
      mutate(right, NOW_MS, (batch) => batch.truncate(0, { ...fourth!, replica: 1n }));
      sync(left, right);
      for (const document of [left, right]) {
        expect(readEntries(document.entries(0, 0)).map(({ payload }) => payload)).toEqual(["l4", "l5"]);
        expect(document.containers()[0]!.entries).toBe(3);
      }
      expect(left.merge(mark, NOW_MS, false).changed).toBe(false);
    });

    it("10,000 entries in disorder, truncated in the middle, are what is left of a sort", () => {
      const [writer, reader] = [open(1), open(2)];
      writer.container("log", "l");
      for (let round = 0; round < 100; round++) {
        mutate(writer, NOW_MS + round, (batch) => {
          for (let count = 0; count < 100; count++) batch.push(0, `${round}`);
          return batch;
        });
      }
      const middle = readEntries(writer.entries(0, 0))[4999]!;
      reader.merge(writer.snapshot(), NOW_MS, false);
      mutate(writer, NOW_MS, (batch) => batch.truncate(0, { ...middle, replica: 1n }));
      sync(writer, reader);
      expect([writer.size(0), reader.size(0)]).toEqual([5000, 5000]);
      expect(writer.digest()).toBe(reader.digest());
      expect(readEntries(reader.entries(0, 1))[0]!.payload).toBe("99");
    });
  });

  describe("merging", () => {
    it("changes nothing but what it must: converged digests are equal, merging twice leaves them", () => {
      const [left, right] = [open(1), open(2)];
      add(left, "a");
      increment(right, 3);
      sync(left, right);
      expect(left.digest()).toBe(right.digest());
      const image = imageOf(left);
      for (const bytes of [right.snapshot(), right.deltaSince(new Uint8Array(4)), right.localDelta(0)]) {
        expect(left.merge(bytes, NOW_MS, true)).toMatchObject({
          changed: false,
          ahead: 0,
          changes: new Uint8Array(4),
        });
        expect(imageOf(left)).toBe(image);
      }
    });

    it("refuses a hole with `gap`, and takes the delta once the hole is filled", () => {
      const [left, right] = [open(1), open(2)];
      increment(left, 1);
      const first = left.localDelta(0);
      add(left, "a");
      const second = left.localDelta(1);
      const image = imageOf(right);
      expect(codeOf(() => right.merge(second, NOW_MS, false))).toBe("gap");
      expect(imageOf(right)).toBe(image);
      right.merge(first, NOW_MS, false);
      right.merge(second, NOW_MS, false);
      expect(right.digest()).toBe(left.digest());
    });
  });
});
