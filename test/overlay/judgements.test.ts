// Small decisions with numbers: φ, cut or crash, parts, the optimiser, the plan of connections, whom to prune and graft.
import { describe, expect, it } from "vitest";
import type { ReplicaId } from "../../host/engine/engine.ts";
import { PhiAccrual } from "../../host/failure-detection/phi-accrual.ts";
import { PUSH_TIMING, PushTree } from "../../host/overlay/lazy-push/push-tree.ts";
import { type LinkedTo, planLinks } from "../../host/overlay/linking/link-plan.ts";
import { type LinkMeasurement, OPTIMISER_OPTIONS, relink } from "../../host/overlay/optimiser.ts";
import { mutualComponents } from "../../host/overlay/partition/components.ts";
import { cutProbability } from "../../host/overlay/partition/cut-or-crash.ts";
import { type ObservedMember, PartitionDetector } from "../../host/overlay/partition/partition-detector.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";
import { randomFrom } from "./virtual-world.ts";

const id = (number: number): ReplicaId => number.toString(16).padStart(16, "0") as ReplicaId;

describe("φ", () => {
  it("grows with silence, sooner where beats were regular", () => {
    const random = randomFrom(1);
    const [regular, irregular] = [new PhiAccrual(), new PhiAccrual()];
    let [atRegular, atIrregular] = [0, 0];
    for (let beat = 0; beat < 200; beat++) {
      atRegular += 1_000;
      atIrregular += 200 + random() * 1_600;
      regular.heard(atRegular);
      irregular.heard(atIrregular);
    }
    expect(regular.phi(atRegular + 1_000)).toBeLessThan(1);
    expect(regular.phi(atRegular + 2_500)).toBeGreaterThan(4);
    expect(regular.phi(atRegular + 4_000)).toBeGreaterThan(8);
    expect(irregular.phi(atIrregular + 2_500)).toBeLessThan(regular.phi(atRegular + 2_500));
    expect(Number.isFinite(regular.phi(atRegular + 1e9))).toBe(true);
  });

  it("is 0 before anything was heard, and keeps no more than its window", () => {
    const detector = new PhiAccrual();
    expect(detector.phi(1e9)).toBe(0);
    for (let beat = 0; beat < 300; beat++) detector.heard(beat * 10_000);
    for (let beat = 0; beat <= 100; beat++) detector.heard(3_000_000 + beat * 100);
    expect(detector.phi(3_010_000 + 3_000)).toBeGreaterThan(8);
  });
});

describe("cut or crash", () => {
  const silence = { members: 1, spreadMs: 0, closed: 0, heardElsewhere: 0, areWholeRegions: false };
  it("is open for one silent member, and a cut for many", () => {
    expect(cutProbability(silence)).toBeCloseTo(0.5, 2);
    expect(cutProbability({ ...silence, members: 10 })).toBeGreaterThan(0.9);
  });
  it("is a crash where connections were closed, a cut where somebody still hears them", () => {
    expect(cutProbability({ ...silence, closed: 1 })).toBeLessThan(0.1);
    expect(cutProbability({ ...silence, members: 10, closed: 4 })).toBeLessThan(0.1);
    expect(cutProbability({ ...silence, heardElsewhere: 1 })).toBeGreaterThan(0.99);
    expect(cutProbability({ ...silence, members: 5, areWholeRegions: true })).toBeGreaterThan(
      cutProbability({ ...silence, members: 5 }),
    );
  });
});

describe("parts", () => {
  it("join only who reach each other", () => {
    const reports = new Map([
      ["a", new Set(["b", "c"])],
      ["b", new Set(["a"])],
      ["c", new Set(["d"])],
      ["d", new Set(["c"])],
    ]);
    expect(mutualComponents(["a", "b", "c", "d", "e"], reports)).toEqual([["a", "b"], ["c", "d"], ["e"]]);
  });

  it("are told once, when they have settled, and again when all are back", () => {
    const detector = new PartitionDetector(id(1), 2_000);
    const links = new Map([
      [id(3), new Set([id(4)])],
      [id(4), new Set([id(3)])],
    ]);
    const member = (number: number, lostSinceMs?: number): ObservedMember => ({
      id: id(number),
      region: "",
      isReached: lostSinceMs === undefined,
      lostSinceMs,
      wasClosed: number === 5,
      isHeardElsewhere: false,
    });
    expect(detector.observe([member(2), member(3)], links, 0)).toBe(undefined);
    const lost = [member(2), member(3, 900), member(4, 1_000), member(5, 1_000)];
    expect(detector.observe(lost, links, 1_000)).toBe(undefined);
    const event = detector.observe(lost, links, 3_000)!;
    expect(event).toMatchObject({ kind: "parted", own: [id(1), id(2)] });
    expect(event.lost.map(({ members }) => members)).toEqual([[id(3), id(4)], [id(5)]]);
    expect(event.lost[0]!.cutProbability).toBeGreaterThan(0.9);
    expect(event.lost[1]!.cutProbability).toBeLessThan(0.1);
    expect(detector.observe(lost, links, 9_000)).toBe(undefined);
    const whole = [2, 3, 4, 5].map((number) => member(number));
    expect(detector.observe(whole, links, 10_000)).toBe(undefined);
    expect(detector.observe(whole, links, 12_000)).toMatchObject({ kind: "healed", lost: [] });
  });
});

describe("the optimiser", () => {
  const link = (
    number: number,
    roundTripMs: number,
    degree = 5,
    linkedSinceMs?: number,
  ): LinkMeasurement => ({
    id: id(number),
    roundTripMs,
    degree,
    linkedSinceMs,
  });
  const nowMs = OPTIMISER_OPTIONS.restMs * 3;

  it("takes the nearest for the farthest, where it pays", () => {
    const measured = [link(1, 100, 5, 0), link(2, 40, 5, 0), link(3, 10)];
    expect(relink(measured, 0, nowMs)).toEqual({ drop: id(1), take: id(3) });
    expect(relink([link(1, 20, 5, 0), link(3, 17)], 0, nowMs)).toBe(undefined);
    expect(relink([link(1, 100, 5, 0), link(3, 60, 60)], 0, nowMs)).toBe(undefined);
  });

  it("rests after an exchange, leaves new connections alone, and never swings back and forth", () => {
    const measured = [link(1, 100, 5, 0), link(3, 10)];
    expect(relink(measured, nowMs - OPTIMISER_OPTIONS.restMs + 1, nowMs)).toBe(undefined);
    expect(relink([link(1, 100, 5, nowMs - 1), link(3, 10)], 0, nowMs)).toBe(undefined);
    expect(relink([link(3, 10, 5, 0), link(1, 100)], 0, nowMs)).toBe(undefined);
  });
});

describe("the plan of connections", () => {
  const linked = (opened: number, accepted = 0, sinceMs = 0): LinkedTo => ({ opened, accepted, sinceMs });
  const plan = (wanted: readonly number[], links: readonly (readonly [number, LinkedTo])[], nowMs = 60_000) =>
    planLinks({
      self: id(5),
      canListen: true,
      wanted: new Map(wanted.map((number) => [id(number), nowMs - 10_000])),
      linked: new Map(links.map(([number, link]) => [id(number), link])),
      opening: new Set(),
      isMutual: true,
      mayTry: () => true,
      nowMs,
    });

  it("makes new connections before it breaks old ones", () => {
    expect(plan([9], [[7, linked(1)]])).toEqual({ open: [id(9)], close: [] });
    expect(
      plan(
        [9],
        [
          [7, linked(1)],
          [9, linked(1)],
        ],
      ),
    ).toEqual({ open: [], close: [id(7)] });
    expect(plan([], [[7, linked(1)]])).toEqual({ open: [], close: [] });
  });

  it("leaves opening to the lesser id for a while, and closes what it opened itself alone", () => {
    const input = {
      self: id(5),
      canListen: true,
      linked: new Map(),
      opening: new Set<ReplicaId>(),
      isMutual: true,
      mayTry: () => true,
    };
    const wanted = new Map([[id(2), 0]]);
    expect(planLinks({ ...input, wanted, nowMs: 1_000 }).open).toEqual([]);
    expect(planLinks({ ...input, wanted, nowMs: 3_000 }).open).toEqual([id(2)]);
    expect(planLinks({ ...input, wanted, canListen: false, nowMs: 0 }).open).toEqual([id(2)]);
    expect(planLinks({ ...input, wanted, isMutual: false, nowMs: 0 }).open).toEqual([id(2)]);
    expect(
      plan(
        [9],
        [
          [7, linked(0, 1)],
          [9, linked(1)],
        ],
      ).close,
    ).toEqual([]);
    expect(plan([2], [[2, linked(1, 1)]]).close).toEqual([id(2)]);
    expect(plan([9], [[9, linked(1, 1)]]).close).toEqual([]);
  });
});

describe("the tree of pushes", () => {
  const [a, b] = [id(1), id(2)];
  const create = (random = 0) => new PushTree<string>(() => random);
  const { usefulMs, pruneAgainMs, repairAfterMs, repairSpreadMs, repairAgainMs } = PUSH_TIMING;
  const at = (nowMs: number, feeders = 2, isDeclined = false) => ({ feeders, isDeclined, nowMs });
  const known = () => new VersionVector([[a, 3]]);

  it("prunes who brings what is known, the first time at once", () => {
    const tree = create();
    expect(tree.pushed("left", [[a, 1]], true, at(0))).toBe(false);
    expect(tree.pushed("right", [[a, 1]], false, at(5))).toBe(true);
    expect(tree.pushed("right", [[a, 1]], false, at(10))).toBe(false);
  });

  it("never prunes the only feeder, nor one that was useful lately", () => {
    const tree = create();
    tree.pushed("left", [[a, 1]], true, at(0));
    expect(tree.pushed("left", [[a, 1]], false, at(100))).toBe(false);
    expect(tree.pushed("right", [[a, 1]], false, at(100, 1))).toBe(false);
    expect(tree.pushed("left", [[a, 1]], false, at(usefulMs))).toBe(true);
  });

  it("takes few of many deltas for pruning, and every member the same ones", () => {
    const trees = [create(), create()];
    for (let sequence = 1; sequence <= 40; sequence++) {
      for (const tree of trees) tree.pushed("left", [[a, sequence]], true, at(sequence * 50));
    }
    const pruning = trees.map((tree) =>
      Array.from({ length: 200 }, (_, link) => {
        for (let sequence = 0; sequence < 10; sequence++) {
          tree.pushed("left", [[a, 41 + 10 * link + sequence]], true, at(2_000 + 500 * link + 50 * sequence));
        }
        return tree.pushed(`${link}`, [[b, link]], false, at(2_500 + 500 * link));
      }),
    );
    expect(pruning[0]).toEqual(pruning[1]);
    const count = pruning[0]!.filter(Boolean).length;
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(30);
  });

  it("tells a link again that was told to stop and did not hear it", () => {
    const tree = create();
    for (let sequence = 1; sequence <= 40; sequence++) {
      tree.pushed("left", [[a, sequence]], true, at(sequence));
    }
    const told = Array.from({ length: 20 }, (_, sequence) =>
      tree.pushed("right", [[b, sequence + 1]], false, at(1_000 + pruneAgainMs * sequence, 1, true)),
    );
    expect(told.every(Boolean)).toBe(true);
  });

  it("repairs at the link that waited longest, once what it announced is overdue", () => {
    const tree = create();
    const vector = known();
    expect(tree.announced("left", [[a, 3]], vector, 0)).toBe(false);
    expect(tree.announced("left", [[a, 4]], vector, 0)).toBe(true);
    expect(tree.announced("right", [[a, 4]], vector, 10)).toBe(true);
    expect(tree.due(vector, repairAfterMs - 1)).toBe(undefined);
    expect(tree.due(vector, repairAfterMs)?.link).toBe("left");
    expect(tree.due(vector, repairAfterMs + 20)).toBe(undefined);
    expect(tree.due(vector, repairAfterMs + repairAgainMs)?.link).toBe("right");
    expect(tree.isWanting).toBe(false);
    tree.announced("left", [[a, 5]], vector, 1_000);
    vector.advance(a, 5);
    expect(tree.due(vector, 2_000)).toBe(undefined);
    expect(tree.isWanting).toBe(false);
  });

  it("waits anew for what was announced later, and does not forget it", () => {
    const tree = create();
    const vector = known();
    tree.announced("left", [[a, 4]], vector, 0);
    tree.announced("left", [[a, 5]], vector, repairAfterMs - 1);
    vector.advance(a, 4);
    expect(tree.due(vector, repairAfterMs)).toBe(undefined);
    expect(tree.isWanting).toBe(true);
    expect(tree.due(vector, 2 * repairAfterMs)?.link).toBe("left");
  });

  it("spreads the repairs of those who wait for the same", () => {
    const tree = create(0.5);
    tree.announced("left", [[a, 4]], known(), 0);
    expect(tree.due(known(), repairAfterMs)).toBe(undefined);
    expect(tree.due(known(), repairAfterMs + repairSpreadMs / 2)?.link).toBe("left");
  });

  it("asks once without a change of the tree where a writer's deltas came by it before, and changes it the second time", () => {
    const tree = create();
    tree.pushed("feeder", [[a, 3]], true, at(0));
    tree.announced("left", [[a, 4]], known(), 1_000);
    expect(tree.due(known(), 1_000 + repairAfterMs)).toEqual({ link: "left", isPull: true });
    tree.announced("left", [[a, 5]], known(), 3_000);
    expect(tree.due(known(), 3_000 + repairAfterMs)).toEqual({ link: "left", isPull: false });
  });

  it("changes the tree for a writer that never came by it", () => {
    const tree = create();
    tree.announced("left", [[b, 1]], known(), 0);
    expect(tree.due(known(), repairAfterMs)).toEqual({ link: "left", isPull: false });
  });
});
