// Pools: nothing is overspent whatever is lost or late, holds come back once, rights move to where they are wanted, and
// what a lost replica held comes back only when everybody has said so.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { POOL_HOLDS_MAX } from "../../host/limits.ts";
import { converge, ENGINES, pass } from "../replica/group.ts";
import { type Drawer, openDrawers } from "./pool-group.ts";

const RUNS = Number(process.env.JARVIS_POOL_RUNS ?? 40);
const coded = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });
const meet = (drawers: readonly Drawer[]): void => converge(...drawers.map(({ document }) => document));

describe.each(ENGINES)("a pool on $name", (engine) => {
  const group = async (count = 3) =>
    (await openDrawers(engine, count)) as [Drawer, Drawer, Drawer, ...Drawer[]];

  it("never goes below zero: of 180 asked in pieces from three replicas at once, 100 are given", async () => {
    const drawers = await group();
    drawers[0].pool.provide("machine", 100);
    meet(drawers);
    let given = 0;
    for (let piece = 0; piece < 20; piece++) {
      for (const { pool } of drawers) if (pool.holdOrAsk(`piece-${piece}`, 3)) given += 3;
      if (piece % 4 === 3) meet(drawers);
      for (const { pool } of drawers) pool.settle();
    }
    // Whatever is left lies scattered; pieces of one find it.
    for (let round = 0; round < 60 && given < 100; round++) {
      meet(drawers);
      for (const { pool } of drawers) pool.settle();
      meet(drawers);
      for (const { pool } of drawers) if (pool.holdOrAsk(`one-${round}`, 1)) given += 1;
    }
    expect(given).toBe(100);
    meet(drawers);
    for (const { pool } of drawers) {
      expect(pool.holdOrAsk("more", 1)).toBe(false);
      expect(pool.available).toBe(0);
    }
    for (const { id, pool } of drawers) {
      for (const hold of pool.holds()) if (hold.replica === id) pool.commit(hold.id);
    }
    meet(drawers);
    for (const { pool } of drawers) expect([pool.value, pool.holds()]).toEqual([0, []]);
  });

  it("moves rights by itself to who asks, once replicas hear of it", async () => {
    const drawers = await group();
    const stops = drawers.map(({ pool, document }) => pool.settleAlways(document));
    drawers[0].pool.provide("machine", 20);
    expect(drawers[1].pool.holdOrAsk("a", 8)).toBe(false);
    meet(drawers);
    expect(drawers[1].pool.holdOrAsk("a", 8)).toBe(true);
    expect(drawers[0].pool.available).toBe(12);
    for (const stop of stops) stop();
    drawers[2].pool.holdOrAsk("b", 8);
    meet(drawers);
    expect(drawers[2].pool.holdOrAsk("b", 8)).toBe(false);
  });

  it("gives back on release, once, and the rest of a commit", async () => {
    const [first, second] = await group();
    first.pool.provide("machine", 10);
    first.pool.hold("a", 4);
    expect([first.pool.available, first.pool.value]).toEqual([6, 10]);
    meet([first, second]);
    expect(second.pool.release("a")).toBe(false);
    expect(() => second.pool.commit("a")).toThrow(coded("invalid-argument", /no such hold/));
    expect([first.pool.release("a"), first.pool.release("a")]).toEqual([true, false]);
    expect(first.pool.available).toBe(10);
    first.pool.hold("b", 5);
    expect(() => first.pool.commit("b", 6)).toThrow(coded("invalid-argument", /it holds 5/));
    first.pool.commit("b", 2);
    expect([first.pool.available, first.pool.value]).toEqual([8, 8]);
  });

  it("is provided for once, however often a source registers, and shrinks by what is free", async () => {
    const [first, second] = await group();
    for (let again = 0; again < 3; again++) first.pool.provide("machine", 8);
    expect(first.pool.value).toBe(8);
    first.pool.provide("machine", 5);
    expect(first.pool.value).toBe(5);
    first.pool.hold("a", 5);
    expect(() => first.pool.provide("machine", 4)).toThrow(coded("insufficient-rights", /0 are available/));
    meet([first, second]);
    expect(second.pool.value).toBe(5);
  });

  it("refuses what it cannot hold and leaves everything as it was", async () => {
    const [first] = await group();
    first.pool.provide("machine", 3);
    const before = first.document.digest();
    expect(() => first.pool.hold("a", 4)).toThrow(coded("insufficient-rights", /3 are available here of 3/));
    expect(() => first.pool.hold("a", 0.5)).toThrow(coded("invalid-argument", /integer/));
    expect(first.document.digest()).toBe(before);
    first.pool.hold("a", 1);
    expect(() => first.pool.hold("a", 1)).toThrow(coded("invalid-argument", /one of that id/));
  });

  it("passes over notes that are none, and counts them", async () => {
    const [first, second] = await group();
    first.pool.provide("machine", 3);
    const foreign = first.document.notes as unknown as { set(key: string, value: unknown): void };
    const wrong = {
      nonsense: 5,
      [`${first.id}/hold/x`]: { kind: "hold", amount: -5, sinceMs: 0 },
      [`${first.id}/hold/y`]: { kind: "want", level: 5 },
      [`${first.id}/want/`]: { kind: "want", level: 0.5 },
      [`${first.id}/reclaimed/nobody`]: { kind: "reclaimed", amount: 5 },
    };
    for (const [key, value] of Object.entries(wrong)) foreign.set(key, value);
    meet([first, second]);
    expect(first.pool.malformed).toBe(5);
    expect([first.pool.available, first.pool.value, second.pool.value]).toEqual([3, 3, 3]);
    expect(second.pool.settle()).toEqual([]);
  });

  it("hands over what is free before a replica leaves", async () => {
    const [first, second] = await group();
    first.pool.provide("machine", 7);
    first.pool.hold("a", 2);
    expect(first.pool.handOver(second.id)).toBe(5);
    meet([first, second]);
    expect([first.pool.available, second.pool.available]).toEqual([0, 5]);
  });
});

it(`a replica has at most ${POOL_HOLDS_MAX} holds`, async () => {
  const [first] = await openDrawers(ENGINES[0]!, 1);
  first!.pool.provide("machine", POOL_HOLDS_MAX + 1);
  const notes = Array.from({ length: POOL_HOLDS_MAX }, (_, index) => {
    const note = { kind: "hold", amount: 1, sinceMs: 0 } as const;
    return [`${first!.id}/hold/${index}`, note] as const;
  });
  first!.document.notes.setMany(notes);
  expect(first!.pool.available).toBe(1);
  expect(() => first!.pool.hold("one-more", 1)).toThrow(coded("limit-exceeded", /may have 4096/));
});

describe("rights of a lost replica", () => {
  const lost = async () => {
    const drawers = (await openDrawers(ENGINES[0]!, 3)) as [Drawer, Drawer, Drawer];
    const [first, second, third] = drawers;
    third.pool.provide("machine", 30);
    third.pool.hold("a", 10);
    meet(drawers);
    for (const { living } of [first, second]) living.delete(third.id);
    return { drawers, first, second, third };
  };

  it("are reported, and come back to the heir once every member has agreed", async () => {
    const { first, second, third } = await lost();
    const report = { replica: third.id, rights: 30, held: 10, isStruckOff: false };
    expect(first.pool.stranded()).toEqual([report]);
    expect(() => first.pool.reclaim(third.id)).toThrow(coded("invalid-argument", /not struck off/));
    first.strikeOffs.propose(third.id);
    expect(first.strikeOffs.of(third.id)).toBeUndefined();
    meet([first, second]);
    expect(second.strikeOffs.confirm()).toBe(1);
    meet([first, second]);
    expect(first.pool.stranded()).toEqual([{ ...report, isStruckOff: true, heir: first.id }]);
    expect(() => second.pool.reclaim(third.id)).toThrow(coded("invalid-argument", /its heir is/));
    expect([first.pool.reclaim(third.id), first.pool.reclaim(third.id)]).toEqual([30, 0]);
    meet([first, second]);
    for (const { pool } of [first, second]) {
      expect([pool.value, pool.stranded(), pool.overdrawn()]).toEqual([30, [], 0]);
    }
    expect([first.pool.available, second.pool.available]).toEqual([30, 0]);
  });

  it("stay where they are while a member knows more, still counts the lost one, or has not voted", async () => {
    const { drawers, first, second, third } = await lost();
    third.pool.hold("b", 5);
    pass(third.document, second.document);
    first.strikeOffs.propose(third.id);
    pass(first.document, second.document);
    expect(second.strikeOffs.confirm()).toBe(0);
    const other = await lost();
    other.second.living.add(other.third.id);
    other.first.strikeOffs.propose(other.third.id);
    meet([other.first, other.second]);
    expect(other.second.strikeOffs.confirm()).toBe(0);
    expect(() => other.second.strikeOffs.propose(other.third.id)).toThrow(
      coded("invalid-argument", /still a member/),
    );
    meet(drawers);
    expect(first.strikeOffs.of(third.id)).toBeUndefined();
  });

  it("are never decided twice: who voted on an id votes on no other proposal about it", async () => {
    const { first, second, third } = await lost();
    first.strikeOffs.propose(third.id);
    second.strikeOffs.propose(third.id);
    meet([first, second]);
    expect([first.strikeOffs.confirm(), second.strikeOffs.confirm()]).toEqual([0, 0]);
    expect(() => first.strikeOffs.propose(third.id)).toThrow(coded("invalid-argument", /has voted/));
    meet([first, second]);
    expect(first.strikeOffs.of(third.id)).toBeUndefined();
  });

  it("are refused to a struck-off replica that comes back, and what it used unknown to all is reported", async () => {
    const { first, second, third } = await lost();
    third.pool.commit("a");
    first.strikeOffs.propose(third.id);
    meet([first, second]);
    second.strikeOffs.confirm();
    meet([first, second]);
    expect(first.pool.reclaim(third.id)).toBe(30);
    meet([first, second, third]);
    expect(first.pool.overdrawn()).toBe(10);
    expect(third.pool.available).toBe(0);
    for (const attempt of [() => third.pool.hold("c", 1), () => third.pool.provide("d", 1)]) {
      expect(attempt).toThrow(coded("insufficient-rights", /struck off/));
    }
    expect(third.pool.settle()).toEqual([]);
  });
});

type Step =
  | {
      readonly kind: "provide" | "hold" | "ask" | "commit" | "part" | "release" | "settle";
      readonly who: number;
      readonly amount: number;
    }
  | {
      readonly kind: "send" | "deliver" | "drop" | "cut" | "heal";
      readonly who: number;
      readonly amount: number;
    }
  | { readonly kind: "strike"; readonly who: number; readonly amount: number };

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom(
      ...([
        "provide",
        "hold",
        "hold",
        "ask",
        "ask",
        "commit",
        "part",
        "release",
        "settle",
        "settle",
      ] as const),
      ...([
        "send",
        "send",
        "send",
        "deliver",
        "deliver",
        "deliver",
        "drop",
        "cut",
        "heal",
        "strike",
      ] as const),
    ),
    who: fc.nat({ max: 3 }),
    amount: fc.nat({ max: 40 }),
  }) as fc.Arbitrary<Step>,
  { minLength: 40, maxLength: 160, size: "max" },
);

/** Replicas, what is on its way between them, and what was really put in and used. */
class History {
  readonly drawers: readonly Drawer[];
  readonly #onTheWay: { readonly to: number; readonly bytes: Uint8Array }[] = [];
  #islands = [0, 0, 0, 0];
  #holds = 0;
  provided = 0;
  committed = 0;
  moved = 0;
  reclaimed = 0;
  /** The one that was struck off, and does nothing since. */
  dead = -1;

  constructor(drawers: readonly Drawer[]) {
    this.drawers = drawers;
  }

  run({ kind, who, amount }: Step): void {
    if (who === this.dead) return;
    const { pool, id } = this.drawers[who]!;
    const own = pool.holds().filter(({ replica }) => replica === id);
    const hold = own[amount % Math.max(1, own.length)];
    switch (kind) {
      case "provide":
        this.#provide(who, amount);
        return;
      case "hold":
      case "ask":
        pool.holdOrAsk(`hold-${this.#holds++}`, amount % 12);
        return;
      case "commit":
      case "part":
        if (hold === undefined) return;
        this.committed += kind === "part" ? hold.amount >> 1 : hold.amount;
        pool.commit(hold.id, kind === "part" ? hold.amount >> 1 : undefined);
        return;
      case "release":
        if (hold !== undefined) pool.release(hold.id);
        return;
      case "settle":
        for (const { amount: given } of pool.settle()) this.moved += given;
        return;
      default:
        this.#travel(kind, who, amount);
    }
  }

  /** Everything that was once put in is known; nobody may find more of it than is left. */
  check(): void {
    expect(this.committed).toBeLessThanOrEqual(this.provided);
    for (const { pool, document, id } of this.drawers) {
      expect(document.rights.rightsOf(id)).toBeGreaterThanOrEqual(pool.heldBy(id));
    }
  }

  #provide(who: number, amount: number): void {
    const { pool, document, id } = this.drawers[who]!;
    const key = `${id}/source/machine`;
    const note = document.notes.get(key);
    const before = note?.kind === "source" ? note.amount : 0;
    const next = Math.max(amount, before - pool.available);
    pool.provide("machine", next);
    pool.provide("machine", next);
    this.provided += next - before;
  }

  #travel(kind: Step["kind"], who: number, amount: number): void {
    const to = (who + 1 + (amount % 3)) % 4;
    const [from, receiver] = [this.drawers[who]!.document, this.drawers[to]!.document];
    if (kind === "cut") this.#islands = [0, 1, 2, 3].map((index) => (index + amount) & 1);
    else if (kind === "heal") this.#islands = [0, 0, 0, 0];
    else if (kind === "send" && this.#islands[who] === this.#islands[to]) {
      this.#onTheWay.push({ to, bytes: from.deltaSince(receiver.versionVector()) });
    } else if (kind === "drop") this.#onTheWay.splice(amount % Math.max(1, this.#onTheWay.length), 1);
    else if (kind === "strike") this.#strike(who);
    else if (this.#onTheWay.length > 0) {
      const at = amount % this.#onTheWay.length;
      const message = this.#onTheWay[at]!;
      // Every third stays behind and comes again.
      if (amount % 3 > 0) this.#onTheWay.splice(at, 1);
      if (message.to !== this.dead) this.drawers[message.to]!.document.merge(message.bytes);
    }
  }

  /** Its last entries are known to somebody, it writes no more, and the others agree on that. */
  #strike(who: number): void {
    if (this.dead >= 0) return;
    this.dead = who;
    const { id, document } = this.drawers[who]!;
    const others = this.drawers.filter((_, index) => index !== who);
    for (const other of others) {
      pass(document, other.document);
      other.living.delete(id);
    }
    meet(others);
    others[0]!.strikeOffs.propose(id);
    for (let round = 0; round < 2; round++) {
      meet(others);
      for (const { strikeOffs } of others) strikeOffs.confirm();
    }
    meet(others);
    this.reclaimed += others[0]!.pool.reclaim(id);
  }
}

describe("random histories under loss, reordering, partitions and the loss of a replica", () => {
  it.each(ENGINES)("overspend nothing and end with everything accounted for, on $name", async (engine) => {
    const seen = { committed: 0, moved: 0, reclaimed: 0 };
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const world = new History(await openDrawers(engine, 4));
        world.run({ kind: "provide", who: 0, amount: 40 });
        meet(world.drawers);
        for (const step of history) {
          world.run(step);
          world.check();
        }
        seen.committed += world.committed;
        seen.moved += world.moved;
        seen.reclaimed += world.reclaimed;
        const living = world.drawers.filter((_, index) => index !== world.dead);
        meet(living);
        const left = world.provided - world.committed;
        for (const { pool } of living) {
          expect([pool.value, pool.overdrawn(), pool.malformed]).toEqual([left, 0, 0]);
        }
        const held = living.reduce((sum, { pool, id }) => sum + pool.heldBy(id), 0);
        expect(living.reduce((sum, { pool }) => sum + pool.available, held)).toBe(left);
      }),
      { numRuns: RUNS },
    );
    for (const amount of Object.values(seen)) expect(amount).toBeGreaterThan(0);
  });
});
