// The rows in which the rivals are compared: the same data for all, each library through its own interface, each row
// and library in a process of its own. Every row reads its result back before it reports a time.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { gzipSync } from "node:zlib";
import { collectGarbage, elapsedNs, median, repeat, type Times } from "../timing.ts";
import type { Circumstances, Figure, Outcome, Sample } from "../workload.ts";
import { itemKey, itemOf, type Rival, type RivalDocument } from "./rival.ts";

export interface RowSizes {
  readonly entries: number;
  readonly writers: number;
  readonly writesPerWriter: number;
  readonly sharedKeys: number;
  readonly counters: number;
  readonly samplesMin: number;
  readonly budgetMs: number;
}

export interface RowContext {
  readonly rival: Rival;
  readonly circumstances: Circumstances;
  readonly sizes: RowSizes;
}

export type Row = (context: RowContext) => Outcome | Promise<Outcome>;

const INCREMENTS_PER_COUNTER = 10;

function expect(found: unknown, wanted: unknown, what: string): void {
  if (!isDeepStrictEqual(found, wanted)) {
    throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
  }
}

const bytesOf = (updates: readonly Uint8Array[]): number =>
  updates.reduce((sum, update) => sum + update.length, 0);

const measure = ({ sizes }: RowContext, once: () => Times): Promise<Times> =>
  repeat({ warmups: 1, ...sizes }, once);

const sampleOf = (times: Times, workload: string, n: number, bytes?: number): Sample => ({
  workload,
  n,
  nsPerOp: (times[workload] ?? Number.NaN) / n,
  ...(bytes === undefined ? {} : { bytesPerOp: bytes / n }),
});

export const snapshotFile = ({ dataFolder, competitor }: Circumstances): string =>
  join(dataFolder, `rivals-${competitor.replaceAll("/", "-").replaceAll(" ", "-")}.snapshot`);

function setAll(document: RivalDocument, count: number): void {
  document.batch(() => {
    for (let index = 0; index < count; index += 1) document.set(itemKey(index), itemOf(index));
  });
}

/** Sets all keys in one transaction, merges the whole into an empty document, and merges it once more. */
const bulk: Row = async (context) => {
  const { rival, sizes, circumstances } = context;
  const n = sizes.entries;
  let updateBytes = 0;
  let snapshot = new Uint8Array(0);
  const times = await measure(context, () => {
    const writer = rival.create(1);
    const setNs = elapsedNs(() => setAll(writer, n));
    const update = writer.take();
    const reader = rival.create(2);
    const mergeNs = elapsedNs(() => reader.apply(update));
    expect([reader.size(), reader.get(itemKey(n - 1))], [n, itemOf(n - 1)], "merged map");
    const againNs = elapsedNs(() => reader.apply(update));
    expect([reader.size(), reader.get(itemKey(0))], [n, itemOf(0)], "map merged again");
    updateBytes = update.length;
    snapshot = Uint8Array.from(reader.snapshot());
    writer.close();
    reader.close();
    return {
      "rivals-set": setNs,
      "rivals-merge": mergeNs,
      "rivals-merge-again": againNs,
    };
  });
  writeFileSync(snapshotFile(circumstances), snapshot);
  return {
    samples: [
      sampleOf(times, "rivals-set", n, updateBytes),
      sampleOf(times, "rivals-merge", n),
      sampleOf(times, "rivals-merge-again", n),
    ],
    figures: [
      { figure: `rivals snapshot, ${circumstances.competitor}`, value: snapshot.length, unit: "bytes" },
      {
        figure: `rivals snapshot gzip, ${circumstances.competitor}`,
        value: gzipSync(snapshot).length,
        unit: "bytes",
      },
    ],
    check: `${n} keys`,
  };
};

/** Loads the snapshot `bulk` left, in a fresh process: time to the first read and memory it takes. */
const load: Row = ({ rival, circumstances, sizes }) => {
  const { competitor } = circumstances;
  const snapshot = readFileSync(snapshotFile(circumstances));
  rival.create(3).close();
  const times: number[] = [];
  const figures: Figure[] = [];
  for (let repetition = 0; repetition < 5; repetition += 1) {
    collectGarbage();
    const before = process.memoryUsage();
    let document: RivalDocument | undefined;
    times.push(
      elapsedNs(() => {
        document = rival.load(snapshot, 3);
        expect(document.get(itemKey(0)), itemOf(0), "loaded map");
      }),
    );
    collectGarbage();
    const after = process.memoryUsage();
    expect(document?.size(), sizes.entries, "loaded keys");
    if (repetition === 0) {
      const heapBytes = after.heapUsed + after.external - before.heapUsed - before.external;
      figures.push(
        { figure: `rivals memory resident, ${competitor}`, value: after.rss - before.rss, unit: "bytes" },
        { figure: `rivals memory heap and external, ${competitor}`, value: heapBytes, unit: "bytes" },
      );
    }
    document?.close();
  }
  const [coldNs = Number.NaN] = times;
  figures.push(
    { figure: `rivals load cold, ${competitor}`, value: coldNs / 1e6, unit: "ms" },
    { figure: `rivals load warm, ${competitor}`, value: median(times.slice(1)) / 1e6, unit: "ms" },
  );
  return { samples: [], figures, check: `${sizes.entries} keys` };
};

/** What `writers` replicas wrote without having seen each other: an update a write, and an update a replica. */
function concurrentWrites({ rival, sizes }: RowContext, isBatch: boolean): Uint8Array[][] {
  return Array.from({ length: sizes.writers }, (_, writer) => {
    const document = rival.create(writer + 1);
    const updates: Uint8Array[] = [];
    const write = (count: number): void => {
      const index = (writer * 7919 + count * 4) % sizes.sharedKeys;
      document.set(itemKey(index), itemOf(writer * sizes.writesPerWriter + count));
    };
    if (isBatch) {
      document.batch(() => {
        for (let count = 0; count < sizes.writesPerWriter; count += 1) write(count);
      });
      updates.push(document.take());
    } else {
      for (let count = 0; count < sizes.writesPerWriter; count += 1) {
        write(count);
        updates.push(Uint8Array.from(document.take()));
      }
    }
    document.close();
    return updates;
  });
}

function keysWritten(sizes: RowSizes): number {
  const keys = new Set<number>();
  for (let writer = 0; writer < sizes.writers; writer += 1) {
    for (let count = 0; count < sizes.writesPerWriter; count += 1) {
      keys.add((writer * 7919 + count * 4) % sizes.sharedKeys);
    }
  }
  return keys.size;
}

/** Takes turns among the writers: the order in which a relay would see their updates. */
const inArrivalOrder = (updates: readonly Uint8Array[][]): Uint8Array[] =>
  (updates[0] ?? []).flatMap((_, turn) => updates.map((own) => own[turn] as Uint8Array));

const arrival: Row = async (context) => {
  const { rival, sizes } = context;
  const single = inArrivalOrder(concurrentWrites(context, false));
  const batches = concurrentWrites(context, true).flat();
  const n = sizes.writers * sizes.writesPerWriter;
  const keys = keysWritten(sizes);
  const receive = (work: (document: RivalDocument) => void): number => {
    const document = rival.create(60_000);
    const time = elapsedNs(() => work(document));
    expect(document.size(), keys, "keys received");
    document.close();
    return time;
  };
  const times = await measure(context, () => ({
    "rivals-arrival-single": receive((document) => {
      for (const update of single) document.apply(update);
    }),
    "rivals-arrival-batch": receive((document) => {
      for (const update of batches) document.apply(update);
    }),
  }));
  return {
    samples: [
      sampleOf(times, "rivals-arrival-single", n, bytesOf(single)),
      sampleOf(times, "rivals-arrival-batch", n, bytesOf(batches)),
    ],
    check: "all keys",
  };
};

/** Makes single writes and encodes each, then applies them one at a time on the other side. */
const single: Row = async (context) => {
  const { rival, sizes } = context;
  const n = sizes.entries;
  let bytes = 0;
  const times = await measure(context, () => {
    const writer = rival.create(1);
    const updates: Uint8Array[] = [];
    const writeNs = elapsedNs(() => {
      for (let index = 0; index < n; index += 1) {
        writer.set(itemKey(index), itemOf(index));
        updates.push(writer.take());
      }
    });
    const reader = rival.create(2);
    const applyNs = elapsedNs(() => {
      for (const update of updates) reader.apply(update);
    });
    expect([reader.size(), reader.get(itemKey(n - 1))], [n, itemOf(n - 1)], "applied map");
    bytes = bytesOf(updates);
    writer.close();
    reader.close();
    return {
      "rivals-write-single": writeNs,
      "rivals-apply-single": applyNs,
    };
  });
  return {
    samples: [sampleOf(times, "rivals-write-single", n, bytes), sampleOf(times, "rivals-apply-single", n)],
    check: "all writes",
  };
};

/** Two adds and one remove in turn, encoded one by one, then applied one at a time on the other side. */
const elements: Row = async (context) => {
  const { rival, sizes } = context;
  const n = sizes.entries - (sizes.entries % 3);
  let bytes = 0;
  const times = await measure(context, () => {
    const writer = rival.create(1);
    const updates: Uint8Array[] = [];
    const localNs = elapsedNs(() => {
      for (let index = 0; index < n; index += 1) {
        if (index % 3 === 2) writer.remove(`element ${index - 2}`);
        else writer.add(`element ${index}`);
        updates.push(writer.take());
      }
    });
    const reader = rival.create(2);
    const applyNs = elapsedNs(() => {
      for (const update of updates) reader.apply(update);
    });
    expect(reader.elements(), n / 3, "elements applied");
    bytes = bytesOf(updates);
    writer.close();
    reader.close();
    return {
      "rivals-elements-write": localNs,
      "rivals-elements-apply": applyNs,
    };
  });
  return {
    samples: [
      sampleOf(times, "rivals-elements-write", n, bytes),
      sampleOf(times, "rivals-elements-apply", n),
    ],
    check: "a third present",
  };
};

/** Many replicas that each increment ten times, received as an update an increment and as an update a replica. */
const counters: Row = async (context) => {
  const { rival, sizes } = context;
  const n = sizes.counters * INCREMENTS_PER_COUNTER;
  const one: Uint8Array[][] = [];
  const batches: Uint8Array[] = [];
  for (let replica = 1; replica <= sizes.counters; replica += 1) {
    const document = rival.create(replica);
    const updates: Uint8Array[] = [];
    for (let count = 0; count < INCREMENTS_PER_COUNTER; count += 1) {
      document.increment();
      updates.push(Uint8Array.from(document.take()));
    }
    one.push(updates);
    document.close();
    const batchDocument = rival.create(replica);
    batchDocument.batch(() => {
      for (let count = 0; count < INCREMENTS_PER_COUNTER; count += 1) batchDocument.increment();
    });
    batches.push(Uint8Array.from(batchDocument.take()));
    batchDocument.close();
  }
  const singles = inArrivalOrder(one);
  const receive = (work: (document: RivalDocument) => void): number => {
    const document = rival.create(60_000);
    const time = elapsedNs(() => work(document));
    expect(document.count(), n, "increments received");
    document.close();
    return time;
  };
  const times = await measure(context, () => ({
    "rivals-counter-single": receive((document) => {
      for (const update of singles) document.apply(update);
    }),
    "rivals-counter-batch": receive((document) => document.applyAll(batches)),
  }));
  return {
    samples: [
      sampleOf(times, "rivals-counter-single", n, bytesOf(singles)),
      sampleOf(times, "rivals-counter-batch", n, bytesOf(batches)),
    ],
    check: "all increments",
  };
};

export const rows: Readonly<Record<string, Row>> = { bulk, load, arrival, single, elements, counters };
