// What a peer may write, however it pleases: nothing of it throws, hides what others write, or outlives the forgetting of its
// owner.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { map, multiMap, schema } from "../../host/index.ts";
import { VALUE_DEPTH_MAX } from "../../host/limits.ts";
import type { Scope } from "../../host/memory/index.ts";
import { documentNameOf } from "../../host/memory/scope.ts";
import { bring, bringAll, createMembers, type Member, START_MS, said } from "./memories.ts";

const ann: Scope = { user: "ann" };
const Raw = schema({ turns: map(), facts: map(), forgets: map(), profile: multiMap() } as never);
let one: Member;
let two: Member;
beforeEach(async () => {
  [one, two] = (await createMembers(2)) as [Member, Member];
});
afterEach(async () => {
  await Promise.all([one.close(), two.close()]);
});

interface RawMap {
  set(key: string, value: unknown): void;
  get(key: string): unknown;
  delete(key: string): boolean;
}
interface RawDocument {
  readonly turns: RawMap;
  readonly facts: RawMap;
  readonly forgets: RawMap;
  readonly profile: RawMap;
}
const rawOf = async (member: Member): Promise<RawDocument> =>
  (await member.replica.open(documentNameOf(ann), Raw)) as never;
const turnWith = (more: object = {}) => ({ s: "s1", w: "Bob", t: "a zebra", m: START_MS, ...more });
const markWith = (more: object = {}) => ({ m: START_MS, b: "bob", y: "requested", n: 0, ...more });

describe("records of a peer", () => {
  it("from behind the end of all dates are none, so that a context can be made", async () => {
    const raw = await rawOf(two);
    raw.turns.set("t1", turnWith({ m: Number.MAX_SAFE_INTEGER }));
    raw.facts.set("f1", { s: "Bob", p: "likes", o: "a zebra", v: 8.64e15 + 1, m: START_MS });
    raw.turns.set("t2", turnWith({ m: 8.64e15 - 86_400_000, z: 1_440 }));
    await bring(two, one, ann);
    const { citations } = await one.memory.context("zebra", { scope: ann, tokens: 1_000 });
    expect(citations.map(({ id }) => id)).toEqual(["t2"]);
    expect((await one.memory.statistics(ann)).unreadable).toBe(2);
  });

  it("that say to have seen very much do not exhaust the stack", async () => {
    const raw = await rawOf(two);
    const many = Array.from({ length: 300_000 }, () => "x");
    raw.forgets.set("g1", markWith({ h: many }));
    raw.turns.set("t1", turnWith({ h: ["g1"] }));
    await bring(two, one, ann);
    await one.memory.add(ann, said("a zebra too"));
    expect(await one.memory.search("zebra", { scope: ann })).toHaveLength(2);
  });

  it("whose names only look like those of others, joined, do not answer for them", async () => {
    const raw = await rawOf(two);
    raw.forgets.set("g1", markWith());
    raw.forgets.set("g2", markWith());
    raw.turns.set("t1", turnWith({ h: ["g1,g2"] }));
    raw.turns.set("t2", turnWith({ h: ["g1", "g2"] }));
    await bring(two, one, ann);
    expect((await one.memory.history(ann)).turns.map(({ id }) => id)).toEqual(["t2"]);
  });

  it("with ids that no mark could name are none, so that what is exported can be taken in again", async () => {
    const raw = await rawOf(two);
    for (const id of ["", "\u0000", "t\u0000", "t1"]) raw.turns.set(id, turnWith());
    raw.facts.set("f\u0000", { s: "Bob", p: "likes", o: "a zebra", v: START_MS, m: START_MS });
    await bring(two, one, ann);
    expect(await one.memory.statistics(ann)).toMatchObject({ turns: 1, facts: 0, unreadable: 4 });
    expect(await one.memory.turn(ann, "t\u0000")).toBeUndefined();
    expect(await one.memory.importLines(ann, await one.memory.exportLines(ann))).toBe(1);
  });

  it("that are none are counted while they are there, and no longer", async () => {
    const raw = await rawOf(two);
    raw.turns.set("t1", turnWith({ m: -1 }));
    await bring(two, one, ann);
    expect((await one.memory.statistics(ann)).unreadable).toBe(1);
    raw.turns.set("t1", turnWith());
    await bring(two, one, ann);
    expect((await one.memory.statistics(ann)).unreadable).toBe(0);
  });

  it("that are none go when their owner is forgotten, also where they come in later", async () => {
    const raw = await rawOf(two);
    raw.turns.set("t1", turnWith({ m: -1 }));
    raw.facts.set("f1", { o: "a zebra" });
    await bring(two, one, ann);
    raw.turns.set("t2", turnWith({ m: -1 }));
    expect((await one.memory.forget(ann)).count).toBe(2);
    await bringAll([one, two], ann);
    for (const member of [one, two]) {
      const left = await rawOf(member);
      const found = [left.turns.get("t1"), left.turns.get("t2"), left.facts.get("f1")];
      expect(found.filter((record) => record !== undefined)).toEqual([]);
    }
  });

  it("that are none stay when only an agent is forgotten: nobody knows whose they are", async () => {
    const raw = await rawOf(two);
    raw.turns.set("t1", turnWith({ m: -1 }));
    await bring(two, one, ann);
    await one.memory.forget({ ...ann, agent: "guide" });
    expect((await rawOf(one)).turns.get("t1")).toBeDefined();
  });
});

describe("marks of a peer", () => {
  it("that have seen themselves or each other do not hide what is written after them", async () => {
    const raw = await rawOf(two);
    raw.forgets.set("g1", markWith({ h: ["g1"] }));
    raw.forgets.set("g2", markWith({ h: ["g3"] }));
    raw.forgets.set("g3", markWith({ h: ["g2"] }));
    await bring(two, one, ann);
    await one.memory.add(ann, said("a zebra"));
    await one.memory.setProfile(ann, { name: "Ann" });
    expect(await one.memory.search("zebra", { scope: ann })).toHaveLength(1);
    expect(await one.memory.profile(ann)).toEqual({ name: "Ann" });
  });

  it("that take the place of others are read, though there are as many as before", async () => {
    const raw = await rawOf(two);
    raw.forgets.set("g1", markWith({ s: "elsewhere" }));
    await bring(two, one, ann);
    await one.memory.add(ann, said("a zebra"));
    expect(await one.memory.search("zebra", { scope: ann })).toHaveLength(1);
    await bring(one, two, ann);
    raw.forgets.delete("g1");
    raw.forgets.set("g2", markWith());
    await bring(two, one, ann);
    expect(await one.memory.search("zebra", { scope: ann })).toEqual([]);
  });
});

it("a profile of a peer that is nested too deep is left out; one of our own is refused", async () => {
  const raw = await rawOf(two);
  raw.profile.set(Array.from({ length: 32_000 }, () => "a").join("."), { v: 1, m: START_MS });
  raw.profile.set("name", { v: "Ann", m: START_MS });
  await bring(two, one, ann);
  expect(await one.memory.profile(ann)).toEqual({ name: "Ann" });
  const nested = (depth: number): Record<string, never> =>
    Array.from({ length: depth }).reduce<unknown>((inner) => ({ a: inner }), 1) as Record<string, never>;
  await one.memory.setProfile(ann, nested(VALUE_DEPTH_MAX));
  await expect(one.memory.setProfile(ann, nested(VALUE_DEPTH_MAX + 1))).rejects.toMatchObject({
    code: "limit-exceeded",
  });
});

it("a life that ends behind the end of all dates is refused, and no turn is lost to it", async () => {
  const turn = { ...said("a zebra"), lifetimeMs: Number.MAX_SAFE_INTEGER };
  await expect(one.memory.add(ann, turn)).rejects.toMatchObject({ code: "invalid-argument" });
});
