// Rounds over documents: who counts, who is late, what is refused at the door and what is left out when read.
import { describe, expect, it } from "vitest";
import type { Federation } from "../../host/federated/index.ts";
import { createFederation, joinFederation } from "../../host/federated/index.ts";
import { floatBytes } from "../../host/federated/update-codec.ts";
import {
  FederationSchema,
  readClosing,
  stateDigest,
  updateDigest,
} from "../../host/federated/update-record.ts";
import { UpdateStore } from "../../host/federated/update-store.ts";
import {
  MODEL_ROWS_MAX,
  UPDATE_BYTES_MAX,
  UPDATE_CHUNK_BYTES,
  UPDATE_EXAMPLES_MAX,
} from "../../host/limits.ts";
import { codeOf } from "../conformance/documents.ts";
import { createMember } from "../replica/group.ts";
import { bits, ENGINES, openFederations, randomWords, sync, updateOf } from "./group.ts";

const NAMES = ["ada", "ben", "cho"];
const model = (): Float32Array => updateOf(99, 10);

const statesOf = (federation: Federation, round?: number): Record<string, string> =>
  Object.fromEntries(
    federation.view(round).contributions.map(({ participant, state }) => [participant, state]),
  );

describe("a round", () => {
  it("is the mean of what its closing record names, weighted by examples, on every replica", async () => {
    const all = await openFederations(NAMES, model());
    for (const [index, federation] of all.entries()) federation.contribute(updateOf(index, 10), index + 1);
    sync(...all);
    expect(statesOf(all[2]!)).toEqual({ ada: "ready", ben: "ready", cho: "ready" });
    expect(all[0]!.closeRound()).toBe(true);
    expect(codeOf(() => all[0]!.closeRound())).toBe("invalid-argument");
    sync(...all);
    for (const federation of all) {
      expect(federation.round).toBe(2);
      expect(bits(federation.model)).toEqual(bits(all[0]!.model));
      expect(federation.modelDigest).toBe(all[0]!.modelDigest);
      expect(statesOf(federation, 1)).toEqual({ ada: "included", ben: "included", cho: "included" });
    }
    for (const [index, value] of all[0]!.model.entries()) {
      const mean = [0, 1, 2].reduce((sum, seed) => sum + (updateOf(seed, 10)[index]! * (seed + 1)) / 6, 0);
      expect(value).toBeCloseTo(model()[index]! + mean, 6);
    }
  });

  it("reports who comes late and lets the next round begin", async () => {
    const [ada, ben, cho] = (await openFederations(NAMES, model())) as [Federation, Federation, Federation];
    ada.contribute(updateOf(1, 10), 5);
    cho.contribute(updateOf(3, 10), 5);
    ada.closeRound();
    const frozen = ada.model;
    sync(ada, ben, cho);
    expect(statesOf(ben, 1)).toEqual({ ada: "included", cho: "late" });
    expect(bits(ben.model)).toEqual(bits(frozen));
    ben.contribute(updateOf(2, 10), 5);
    expect(statesOf(ben)).toEqual({ ben: "ready" });
  });

  it("keeps two updates of one participant, counts neither and says so", async () => {
    const [ada, ben, twin] = (await openFederations(["ada", "ben", "ben"], model())) as [
      Federation,
      Federation,
      Federation,
    ];
    ada.contribute(updateOf(1, 10), 5);
    ben.contribute(updateOf(2, 10), 5);
    twin.contribute(updateOf(3, 10), 5);
    sync(ada, ben, twin);
    expect(ada.view().contributions.map(({ participant, state }) => [participant, state])).toEqual([
      ["ada", "ready"],
      ["ben", "equivocation"],
      ["ben", "equivocation"],
    ]);
    ada.closeRound();
    expect(ada.view(1).closing?.digests.length).toBe(1);
    const alone = model().map((value, index) => value + updateOf(1, 10)[index]!);
    for (const [index, value] of ada.model.entries()) expect(value).toBeCloseTo(alone[index]!, 6);
  });

  it("stays frozen when an equivocation shows after it was closed", async () => {
    const [ada, ben, twin] = (await openFederations(["ada", "ben", "ben"], model())) as [
      Federation,
      Federation,
      Federation,
    ];
    ben.contribute(updateOf(2, 10), 5);
    sync(ada, ben);
    ada.closeRound();
    const frozen = ada.model;
    twin.contribute(updateOf(3, 10), 5);
    sync(ada, ben, twin);
    expect(
      twin
        .view(1)
        .contributions.map(({ state }) => state)
        .sort(),
    ).toEqual(["equivocation", "included"]);
    expect(bits(twin.model)).toEqual(bits(frozen));
  });

  it("refuses a second update at the door, and takes the same one again", async () => {
    const [ada] = (await openFederations(["ada"], model())) as [Federation];
    const digest = ada.contribute(updateOf(1, 10), 5);
    expect(ada.contribute(updateOf(1, 10), 5)).toBe(digest);
    expect(codeOf(() => ada.contribute(updateOf(1, 10), 6))).toBe("invalid-argument");
  });

  it("is closed by whoever sees a quorum, and of two closing records one counts everywhere", async () => {
    const closing = { kind: "quorum", contributions: 2 } as const;
    const all = await openFederations(["ada", "ben", "cho", "dee"], model(), { closing });
    for (const [index, federation] of all.entries()) {
      federation.contribute(updateOf(index, 10), 1);
      expect(federation.closeRound()).toBe(false);
    }
    sync(all[0]!, all[1]!);
    sync(all[2]!, all[3]!);
    expect([all[0]!.closeRound(), all[3]!.closeRound()]).toEqual([true, true]);
    sync(...all);
    for (const federation of all) expect(bits(federation.model)).toEqual(bits(all[0]!.model));
    expect(all[0]!.view(1).closing?.digests.length).toBe(2);
  });

  it("leaves out updates made from a model that lost", async () => {
    const closing = { kind: "quorum", contributions: 1 } as const;
    const [ada, ben] = (await openFederations(["ada", "ben"], model(), { closing })) as [
      Federation,
      Federation,
    ];
    for (const [index, federation] of [ada, ben].entries()) {
      federation.contribute(updateOf(index, 10), 1);
      federation.closeRound();
      federation.contribute(updateOf(index + 5, 10), 1);
    }
    sync(ada, ben);
    expect(Object.values(statesOf(ada)).sort()).toEqual(["other-base", "ready"]);
    expect(statesOf(ben)).toEqual(statesOf(ada));
  });

  it("waits until all that counts has come, chunk by chunk", async () => {
    const parameters = (UPDATE_CHUNK_BYTES / 4) * 2 + 3;
    const [ada, ben] = (await openFederations(["ada", "ben"], updateOf(9, parameters))) as [
      Federation,
      Federation,
    ];
    const chunk = `${ada.contribute(updateOf(1, parameters), 5)}/1`;
    ada.closeRound();
    const held = ada.document.chunks.get(chunk);
    ada.document.chunks.set(chunk, new Uint8Array(1));
    sync(ada, ben);
    expect([ben.round, statesOf(ben)]).toEqual([1, { ada: "incomplete" }]);
    ada.document.chunks.set(chunk, new Uint8Array(UPDATE_CHUNK_BYTES));
    sync(ada, ben);
    expect([ben.round, statesOf(ben)]).toEqual([1, { ada: "damaged" }]);
    ada.document.chunks.set(chunk, held as Uint8Array);
    sync(ada, ben);
    expect([ben.round, ben.modelDigest]).toEqual([2, ada.modelDigest]);
  });

  it.each(["int8", "int4"] as const)("takes updates of %s in a fraction of the bytes", async (encoding) => {
    const [ada, ben] = (await openFederations(["ada", "ben"], updateOf(9, 5_000))) as [
      Federation,
      Federation,
    ];
    ada.contribute(updateOf(1, 5_000), 5, { encoding, randomWords: randomWords(1) });
    ada.closeRound();
    sync(ada, ben);
    expect(bits(ben.model)).toEqual(bits(ada.model));
    const [record] = [...ada.document.updates.values()] as { bytes: number }[];
    expect(record!.bytes / 20_000).toBeLessThan(encoding === "int8" ? 0.26 : 0.13);
    const step = 0.5 / (encoding === "int8" ? 127 : 7);
    const [start, update] = [updateOf(9, 5_000), updateOf(1, 5_000)];
    for (const [index, value] of ada.model.entries()) {
      expect(Math.abs(value - start[index]! - update[index]!)).toBeLessThan(step * 1.01);
    }
    expect(codeOf(() => ben.contribute(updateOf(1, 5_000), 5, { encoding }))).toBe("invalid-argument");
  });

  it.each([
    { kind: "fedavgm" },
    { kind: "fedadam" },
    { kind: "fedyogi" },
    { kind: "scaffold", participants: 10 },
  ] as const)("carries the moments of $kind from round to round", async (optimizer) => {
    const all = await openFederations(["ada", "ben"], model(), { optimizer });
    for (let round = 1; round <= 4; round++) {
      for (const [index, federation] of all.entries()) {
        federation.contribute(updateOf(round * 7 + index, federation.updateLength), index + 1);
      }
      sync(...all);
      all[0]!.closeRound();
      sync(...all);
    }
    const [late] = await openFederations(["late"], model());
    expect(late!.round).toBe(1);
    expect(all.map(({ round }) => round)).toEqual([5, 5]);
    expect(bits(all[1]!.model)).toEqual(bits(all[0]!.model));
    expect(bits(all[1]!.correction)).toEqual(bits(all[0]!.correction));
  });
});

describe("old rounds", () => {
  it("are compacted away; who joins later starts from the model they came to", async () => {
    const all = await openFederations(["ada", "ben"], updateOf(9, 3_000), { optimizer: { kind: "fedadam" } });
    const [ada, ben] = all as [Federation, Federation];
    const sizes: number[] = [];
    for (let round = 1; round <= 6; round++) {
      for (const [index, federation] of all.entries())
        federation.contribute(updateOf(round * 3 + index, 3_000), 2);
      sync(...all);
      ada.closeRound();
      expect(ada.compact(1)).toBe(round === 1 ? 0 : 2);
      sync(...all);
      sizes.push(ada.document.snapshot().length);
    }
    expect(sizes[5]! / sizes[1]!).toBeLessThan(1.1);
    expect(ben.modelDigest).toBe(ada.modelDigest);
    const { replica } = await createMember(ENGINES[1]!);
    (await replica.open("f")).merge(ben.document.snapshot());
    const newcomer = await joinFederation(replica, "f", { participant: "eve", engine: ENGINES[1]! });
    expect([newcomer.round, newcomer.modelDigest]).toEqual([7, ada.modelDigest]);
    expect(codeOf(() => ben.compact())).toBe("invalid-argument");
    expect(codeOf(() => ada.compact(0.5))).toBe("invalid-argument");
  });
});

describe("the door", () => {
  it("refuses what is no update", async () => {
    const limits = { magnitudeMax: 2, normMax: 3 };
    const [ada] = (await openFederations(["ada"], model(), limits)) as [Federation];
    const update = (value: number): Float32Array =>
      Float32Array.from({ length: 10 }, (_, index) => (index === 7 ? value : 0));
    expect(codeOf(() => ada.contribute(update(Number.NaN), 1))).toBe("invalid-value");
    expect(codeOf(() => ada.contribute(update(Number.NEGATIVE_INFINITY), 1))).toBe("invalid-value");
    expect(codeOf(() => ada.contribute(new Float32Array(9), 1))).toBe("invalid-argument");
    expect(codeOf(() => ada.contribute(update(2.01), 1))).toBe("limit-exceeded");
    expect(codeOf(() => ada.contribute(new Float32Array(10).fill(1), 1))).toBe("limit-exceeded");
    for (const examples of [0, -1, 1.5, Number.NaN, UPDATE_EXAMPLES_MAX + 1]) {
      expect(codeOf(() => ada.contribute(update(1), examples))).toBe("invalid-argument");
    }
    expect(ada.document.updates.size).toBe(0);
    ada.contribute(update(2), UPDATE_EXAMPLES_MAX);
  });

  it("refuses settings, names and models that cannot be", async () => {
    const { replica } = await createMember(ENGINES[0]!);
    const code = async (call: Promise<unknown>): Promise<string> =>
      call.then(
        () => "none",
        (error: { code: string }) => error.code,
      );
    const create = (options: object, start = model()): Promise<string> =>
      code(createFederation(replica, "f", start, { engine: ENGINES[0]!, ...options }));
    expect(await create({ participant: "a/b" })).toBe("invalid-argument");
    expect(await create({}, new Float32Array(0))).toBe("invalid-argument");
    expect(await create({}, Float32Array.of(Number.NaN))).toBe("invalid-value");
    expect(await create({}, new Float32Array(UPDATE_BYTES_MAX / 4 + 1))).toBe("limit-exceeded");
    expect(await create({ magnitudeMax: 0 })).toBe("invalid-argument");
    expect(await create({ aggregation: { kind: "trimmed-mean", share: 0.5 } })).toBe("invalid-argument");
    expect(await create({ optimizer: { kind: "fedavgm", momentum: 1 } })).toBe("invalid-argument");
    expect(await create({ closing: { kind: "quorum", contributions: 0 } })).toBe("invalid-argument");
    expect(await code(joinFederation(replica, "f"))).toBe("invalid-argument");
    expect(await create({})).toBe("none");
    expect(await create({})).toBe("invalid-argument");
  });

  it("closes no round for others than the creator, nor an empty one", async () => {
    const [ada, ben] = (await openFederations(["ada", "ben"], model())) as [Federation, Federation];
    expect(codeOf(() => ada.closeRound())).toBe("invalid-argument");
    ben.contribute(updateOf(1, 10), 1);
    expect(codeOf(() => ben.closeRound())).toBe("invalid-argument");
  });
});

describe("records of hostile peers", () => {
  it("are counted, left out, and never stop a round", async () => {
    const [ada, ben] = (await openFederations(["ada", "ben"], model(), { normMax: 3 })) as [
      Federation,
      Federation,
    ];
    ada.contribute(updateOf(1, 10), 5);
    const [good] = [...ada.document.updates.keys()];
    const digest = "0".repeat(64);
    const record = { examples: 1, encoding: "f32", base: ada.modelDigest, bytes: 40 };
    const { updates, closings, checkpoints } = ben.document;
    updates.set("nonsense", 1);
    updates.set(`1/a b/${digest}`, record);
    updates.set(`1/ben/${digest}/x`, record);
    updates.set(`01/ben/${digest}`, record);
    updates.set(`1/ben/${digest}`, { ...record, bytes: 2 ** 40 });
    updates.set(`1/cho/${digest}`, { ...record, examples: 0 });
    updates.set(`1/dee/${digest}`, { ...record, encoding: "zip" });
    updates.set(`1/eve/${digest}`, { ...record, base: "x" });
    closings.set("1/ada", { digests: "all" });
    closings.set("1/ben", { digests: [good!.split("/")[2]!] });
    checkpoints.set("7", { digest, bytes: 3 });
    sync(ada, ben);
    expect(ada.malformedRecords).toBe(10);
    expect(statesOf(ada)).toEqual({ ada: "ready" });
    expect(ada.view().closing).toBeUndefined();
    ada.closeRound();
    sync(ada, ben);
    expect(ben.modelDigest).toBe(ada.modelDigest);
  });

  it("that hold bytes of NaN, too great a norm, or no update are left out by name", async () => {
    const loose = { magnitudeMax: 2 ** 20, normMax: 2 ** 20 };
    const [hostile] = (await openFederations(["ada"], model(), loose)) as [Federation];
    const [ada, ben] = (await openFederations(["ada", "ben"], model(), { normMax: 3, magnitudeMax: 64 })) as [
      Federation,
      Federation,
    ];
    hostile.contribute(new Float32Array(10).fill(1_000), 5);
    for (const [key, value] of hostile.document.updates) ada.document.updates.set(key, value);
    for (const [key, value] of hostile.document.chunks) ada.document.chunks.set(key, value);
    ben.contribute(updateOf(1, 10), 1);
    sync(ada, ben);
    expect(statesOf(ben)).toEqual({ ada: "magnitude", ben: "ready" });
    ada.closeRound();
    sync(ada, ben);
    expect([ben.round, ben.modelDigest]).toEqual([2, ada.modelDigest]);
  });

  it("do not take back what others name, when a round is forgotten", async () => {
    const [ada, ben] = (await openFederations(["ada", "ben"], model())) as [Federation, Federation];
    ada.contribute(updateOf(1, 10), 1);
    ada.closeRound();
    sync(ada, ben);
    const next = ben.contribute(updateOf(2, 10), 1);
    for (const digest of [next, ben.modelDigest]) {
      const record = { examples: 1, encoding: "f32", base: ben.modelDigest, bytes: 40 };
      ben.document.updates.set(`1/eve/${digest}`, record);
    }
    sync(ada, ben);
    ada.compact();
    sync(ada, ben);
    expect(statesOf(ben)).toEqual({ ben: "ready" });
    const { replica } = await createMember(ENGINES[0]!);
    (await replica.open("f")).merge(ada.document.snapshot());
    const newcomer = await joinFederation(replica, "f", { participant: "eve", engine: ENGINES[0]! });
    expect([newcomer.round, newcomer.modelDigest]).toEqual([2, ada.modelDigest]);
  });

  it("take no memory for the length they say, and no more updates than can be averaged", async () => {
    const kernels = await ENGINES[0]!.models();
    const [ada] = (await openFederations(["ada"], Float32Array.of(1))) as [Federation];
    const store = new UpdateStore(ada.document, kernels, 1, ada.settings);
    expect(store.read("0".repeat(64), 2 ** 45)).toBeUndefined();
    const digests = Array.from({ length: MODEL_ROWS_MAX + 1 }, (_, index) => `${index}`.padStart(64, "0"));
    expect(readClosing("1/ada", { digests })).toBeUndefined();
    expect(readClosing("1/ada", { digests: digests.slice(1) })?.digests.length).toBe(MODEL_ROWS_MAX);
    const base = ada.modelDigest;
    ada.document.transact(() => {
      const payload = new Uint8Array(4);
      for (const [index, name] of digests.entries()) {
        const head = { round: 1, participant: `p${index}`, examples: 1, encoding: "f32", base } as const;
        expect(name.length).toBe(64);
        const digest = updateDigest(head, payload);
        store.write(digest, payload);
        ada.document.updates.set(`1/p${index}/${digest}`, { examples: 1, encoding: "f32", base, bytes: 4 });
      }
    });
    expect(ada.closeRound()).toBe(true);
    expect([ada.round, ada.view(1).closing?.digests.length]).toEqual([2, MODEL_ROWS_MAX]);
  });

  it("and old updates are not kept in memory, whoever compacts", async () => {
    const [ada, ben] = (await openFederations(["ada", "ben"], model())) as [Federation, Federation];
    const first = ada.contribute(updateOf(0, 10), 1);
    for (let round = 1; round <= 10; round++) {
      if (round > 1) ada.contribute(updateOf(round, 10), 1);
      ada.closeRound();
      sync(ada, ben);
      expect(ben.round).toBe(round + 1);
    }
    // What is still known of it comes from the document.
    ben.document.chunks.delete(`${first}/0`);
    expect(statesOf(ben, 1)).toEqual({ ada: "incomplete" });
    expect(ben.round).toBe(11);
  });

  it("that say what cannot be agreed on are refused when joining, with a code", async () => {
    const good = {
      parameters: 10,
      aggregation: { kind: "mean" },
      optimizer: { kind: "fedavg" },
      closing: { kind: "creator" },
      magnitudeMax: 64,
      normMax: 64,
      creator: "ada",
    };
    const join = async (settings: unknown): Promise<string> => {
      const { replica } = await createMember(ENGINES[0]!);
      const document = await replica.open("f", FederationSchema);
      document.settings.set(settings as never);
      return joinFederation(replica, "f", { participant: "ben", engine: ENGINES[0]! }).then(
        () => "none",
        (error: { code?: string }) => error.code ?? String(error),
      );
    };
    expect(await join(good)).toBe("none");
    for (const name of Object.keys(good)) {
      for (const value of [undefined, null, "x", -1, Number.NaN, {}, [], { kind: {} }, { kind: "x" }]) {
        const { [name]: _, ...rest } = good as Record<string, unknown>;
        const settings = value === undefined ? rest : { ...rest, [name]: value };
        if (name === "creator" && value === "x") continue;
        expect([name, value, await join(settings)]).toEqual([name, value, "invalid-argument"]);
      }
    }
    expect(await join({ ...good, optimizer: { kind: "scaffold" } })).toBe("invalid-argument");
    expect(await join({ ...good, optimizer: { kind: "fedavg", rate: 1n } })).toBe("invalid-argument");
    expect(await join({ ...good, aggregation: { kind: "krum", liars: 1n } })).toBe("invalid-argument");
    expect(await join({ ...good, closing: { kind: "quorum", contributions: 1n } })).toBe("invalid-argument");
    expect(await join({ ...good, dropout: 1 })).toBe("invalid-argument");
  });

  it("that hold a state of moments nobody can go on from are not taken for a checkpoint", async () => {
    for (const [first, second] of [
      [Number.NaN, 1],
      [1, Number.NaN],
      [1, -1],
      [1, Number.POSITIVE_INFINITY],
    ]) {
      const [ada] = (await openFederations(["ada"], Float32Array.of(1), {
        optimizer: { kind: "fedadam" },
      })) as [Federation];
      const payload = floatBytes(Float32Array.of(1, first!, second!));
      const digest = stateDigest(5, payload);
      ada.document.chunks.set(`${digest}/0`, payload);
      ada.document.checkpoints.set("5", { digest, bytes: payload.length });
      expect(ada.round).toBe(1);
    }
  });
});
