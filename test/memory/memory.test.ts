import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { map, schema } from "../../host/index.ts";
import {
  FORGET_RECORDS_MAX,
  MEMORY_PAGE_MAX,
  SCOPE_PART_BYTES_MAX,
  TURN_TEXT_LENGTH_MAX,
} from "../../host/limits.ts";
import type { NewTurn, Scope } from "../../host/memory/index.ts";
import { documentNameOf } from "../../host/memory/scope.ts";
import {
  bring,
  bringAll,
  createMember,
  createMembers,
  HOUR_MS,
  type Member,
  START_MS,
  said,
} from "./memories.ts";

const ann: Scope = { user: "ann" };
const bob: Scope = { user: "bob" };
let members: Member[];
let one: Member;
let two: Member;

beforeEach(async () => {
  members = await createMembers(3);
  [one, two] = members as [Member, Member];
});
afterEach(async () => {
  await Promise.all(members.map((member) => member.close()));
});

const textsOf = async (member: Member, query: string, scope: Scope = ann): Promise<string[]> =>
  (await member.memory.search(query, { scope })).map((hit) =>
    hit.kind === "turn" ? hit.turn.text : hit.fact.object,
  );

describe("turns", () => {
  it("come back with everything they were added with", async () => {
    const turn: NewTurn = {
      session: "s1",
      speaker: "Ann",
      text: "my boat",
      timeMs: 5_000,
      zoneMinutes: -90,
      attachments: [{ name: "albatross.jpg", reference: "sha256:00", mediaType: "image/jpeg" }],
    };
    const scope = { ...ann, agent: "guide", run: "r1" };
    const [id] = await one.memory.add(scope, turn);
    expect(await one.memory.turn(ann, id!)).toEqual({
      ...turn,
      id,
      scope: { tenant: "default", ...scope },
      isPinned: false,
    });
    expect(await textsOf(one, "albatross")).toEqual(["my boat"]);
  });

  it("stored in one millisecond, 50 of them, have 50 ids on every replica", async () => {
    const turns = Array.from({ length: 50 }, (_, place) => said(`turn ${place}`));
    const ids = [...(await one.memory.add(ann, turns)), ...(await two.memory.add(ann, turns))];
    await bringAll(members, ann);
    expect(new Set(ids).size).toBe(100);
    const { turns: all } = await one.memory.history(ann, { limit: 200 });
    expect(all.map(({ id }) => id).sort()).toEqual(ids.sort());
    expect((await members[2]!.memory.history(ann, { limit: 200 })).turns).toEqual(all);
  });

  it("keep the order of one batch, and of one speaker whose clock went back", async () => {
    await one.memory.add(
      ann,
      ["a", "b", "c"].map((text) => said(text)),
    );
    one.clock.nowMs -= 1;
    await one.memory.add(ann, { ...said("d"), timeMs: START_MS });
    expect((await one.memory.history(ann)).turns.map(({ text }) => text)).toEqual(["a", "b", "c", "d"]);
  });

  it("of a running session that came in elsewhere are seen at once", async () => {
    await one.memory.add(ann, said("the first boat"));
    await two.memory.search("boat", { scope: ann });
    await bring(one, two, ann);
    expect(await textsOf(two, "boat")).toEqual(["the first boat"]);
    await one.memory.add(ann, said("the second boat"));
    await bring(one, two, ann);
    expect((await two.memory.history(ann)).turns).toHaveLength(2);
    expect(await textsOf(two, "second boat")).toContain("the second boat");
  });

  it("edited are found by their new text alone", async () => {
    const [id] = await one.memory.add(ann, said("a zebra"));
    one.clock.nowMs += 1_000;
    expect(await one.memory.edit(ann, id!, "a boat")).toBe(true);
    expect(await one.memory.edit(bob, id!, "mine now")).toBe(false);
    expect([await textsOf(one, "zebra"), await textsOf(one, "boat")]).toEqual([[], ["a boat"]]);
    expect((await one.memory.turn(ann, id!))!.editedMs).toBe(START_MS + 1_000);
  });

  it("whose time is over are hidden, then swept", async () => {
    const [id] = await one.memory.add(ann, { ...said("a zebra"), lifetimeMs: HOUR_MS });
    expect(await textsOf(one, "zebra")).toEqual(["a zebra"]);
    one.clock.nowMs += HOUR_MS;
    expect([await textsOf(one, "zebra"), await one.memory.turn(ann, id!)]).toEqual([[], undefined]);
    expect((await one.memory.history(ann)).turns).toEqual([]);
    expect([await one.memory.sweep(ann), await one.memory.sweep(ann)]).toEqual([1, 0]);
  });

  it("are refused whole where one is wrong, and the message says what", async () => {
    const wrong = (turn: object) => one.memory.add(ann, [said("fine"), { ...said("x"), ...turn } as NewTurn]);
    await expect(wrong({ session: "" })).rejects.toThrow(/session is ""/);
    await expect(wrong({ speaker: "a\u0000b" })).rejects.toThrow(/speaker/);
    await expect(wrong({ text: 7 })).rejects.toThrow(/text is 7/);
    await expect(wrong({ timeMs: -1 })).rejects.toThrow(/timeMs is -1/);
    // The last time that a zone leads to a date, and the one after.
    const lastMs = 8_639_999_913_600_000;
    await expect(wrong({ timeMs: lastMs + 1 })).rejects.toThrow(/timeMs is 8639999913600001/);
    await one.memory.add({ user: "late" }, { ...said("a zebra"), timeMs: lastMs, zoneMinutes: 1_440 });
    const late = await one.memory.context("zebra", { scope: { user: "late" }, tokens: 100 });
    expect(late.text).toContain("+275760-09-13");
    await expect(wrong({ zoneMinutes: 2_000 })).rejects.toThrow(/zoneMinutes is 2000/);
    await expect(wrong({ lifetimeMs: 0 })).rejects.toThrow(/lifetimeMs is 0/);
    await expect(wrong({ attachments: [{ name: "a", reference: "" }] })).rejects.toThrow(
      /attachment.reference/,
    );
    await expect(wrong({ text: "x".repeat(TURN_TEXT_LENGTH_MAX + 1) })).rejects.toMatchObject({
      code: "limit-exceeded",
    });
    expect((await one.memory.history(ann)).turns).toEqual([]);
  });
});

describe("scopes", () => {
  it("are walls between users, tenants and agents, whatever the filter", async () => {
    await one.memory.add(ann, said("a zebra of ann"));
    await one.memory.add(bob, said("a zebra of bob"));
    await one.memory.add({ user: "ann", tenant: "other" }, said("a zebra of another ann"));
    await one.memory.add({ agent: "ann" }, said("a zebra of an agent called ann"));
    await one.memory.add({ run: "ann" }, said("a zebra of a run called ann"));
    const filters = { session: "s1", speaker: "Ann", fromMs: 0, toMs: START_MS + 1 };
    const hits = await one.memory.search("zebra", { scope: ann, ...filters });
    expect(hits.map((hit) => hit.kind === "turn" && hit.turn.text)).toEqual(["a zebra of ann"]);
    expect((await one.memory.history({ agent: "ann" })).turns.map(({ text }) => text)).toEqual([
      "a zebra of an agent called ann",
    ]);
  });

  it("below a user combine agent and run, and leave the other agents out", async () => {
    const place = (agent: string, run: string): Scope => ({ user: "ann", agent, run });
    for (const [agent, run] of [
      ["a", "1"],
      ["a", "2"],
      ["b", "1"],
    ] as const) {
      await one.memory.add(place(agent, run), said(`zebra ${agent}${run}`));
    }
    await one.memory.add(ann, said("zebra of nobody else"));
    expect((await textsOf(one, "zebra", { user: "ann", agent: "a" })).sort()).toEqual([
      "zebra a1",
      "zebra a2",
    ]);
    expect((await textsOf(one, "zebra", { user: "ann", run: "1" })).sort()).toEqual(["zebra a1", "zebra b1"]);
    expect(await textsOf(one, "zebra", place("a", "2"))).toEqual(["zebra a2"]);
    expect(await textsOf(one, "zebra")).toHaveLength(4);
    const { turns } = await one.memory.history({ user: "ann", agent: "b" }, { limit: 1 });
    expect(await one.memory.search("zebra", { scope: { user: "ann", agent: "a" }, k: 1 })).toHaveLength(1);
    expect((await one.memory.sessions({ user: "ann", agent: "b" })).map(({ turns }) => turns)).toEqual([1]);
    expect(turns.map(({ text }) => text)).toEqual(["zebra b1"]);
  });

  it("that name nobody or a name that is none are refused", async () => {
    for (const scope of [{}, { tenant: "t" }, { user: "" }, { user: undefined }, { user: "ann", agent: 7 }]) {
      await expect(one.memory.search("x", { scope: scope as Scope })).rejects.toMatchObject({
        code: "invalid-argument",
      });
    }
    const fits = "u".repeat(SCOPE_PART_BYTES_MAX);
    await one.memory.add({ tenant: fits, user: fits }, said("x"));
    await expect(one.memory.add({ user: `${fits}u` }, said("x"))).rejects.toMatchObject({
      code: "limit-exceeded",
    });
  });

  it("have names that no two share", () => {
    const scopes: Scope[] = [
      { tenant: "a/user", user: "b" },
      { tenant: "a", user: "user/b" },
      { tenant: "a", user: "b" },
      { tenant: "a", agent: "b" },
      { user: "a%2Fb" },
      { user: "a/b" },
    ];
    expect(new Set(scopes.map(documentNameOf)).size).toBe(scopes.length);
  });
});

describe("history", () => {
  it("gives the last turns, and the pages before them while turns come in", async () => {
    await one.memory.add(
      ann,
      Array.from({ length: 7 }, (_, place) => ({ ...said(`${place}`), timeMs: place })),
    );
    const texts = (turns: readonly { text: string }[]): string => turns.map(({ text }) => text).join("");
    const last = await one.memory.history(ann, { limit: 2 });
    expect(texts(last.turns)).toBe("56");
    await one.memory.add(ann, { ...said("new"), timeMs: 9 });
    const middle = await one.memory.history(ann, { limit: 3, before: last.cursor! });
    expect(texts(middle.turns)).toBe("234");
    const first = await one.memory.history(ann, { limit: 3, before: middle.cursor! });
    expect([texts(first.turns), first.cursor]).toEqual(["01", undefined]);
  });

  it("filters by session, speaker and time", async () => {
    await one.memory.add(ann, [
      { ...said("a", "s1", "Ann"), timeMs: 10 },
      { ...said("b", "s1", "Bob"), timeMs: 20 },
      { ...said("c", "s2", "Ann"), timeMs: 30 },
    ]);
    const texts = async (filter: object) =>
      (await one.memory.history(ann, filter)).turns.map(({ text }) => text).join("");
    expect(await texts({ session: "s1" })).toBe("ab");
    expect(await texts({ speaker: "Ann" })).toBe("ac");
    expect(await texts({ fromMs: 20, toMs: 30 })).toBe("b");
  });

  it("refuses cursors that are none and pages that are too long", async () => {
    await expect(one.memory.history(ann, { before: "x" })).rejects.toThrow(/no cursor/);
    await expect(one.memory.history(ann, { limit: 1.5 })).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(one.memory.history(ann, { limit: MEMORY_PAGE_MAX + 1 })).rejects.toMatchObject({
      code: "limit-exceeded",
    });
  });
});

describe("sessions", () => {
  it("of 25 hours ago are closed after 24 without losing their history, and open again when somebody speaks", async () => {
    await one.memory.add(ann, [said("old"), said("old too", "s1", "Bob")]);
    one.clock.nowMs += 2 * HOUR_MS;
    await one.memory.add(ann, said("young", "s2"));
    one.clock.nowMs += 23 * HOUR_MS;
    expect((await one.memory.closeIdleSessions(ann)).map(({ session }) => session)).toEqual(["s1"]);
    expect(await one.memory.closeIdleSessions(ann)).toEqual([]);
    const [first, second] = await one.memory.sessions(ann);
    expect(first).toMatchObject({ session: "s1", turns: 2, speakers: ["Ann", "Bob"], isOpen: false });
    expect(second).toMatchObject({ session: "s2", isOpen: true });
    expect((await one.memory.history(ann, { session: "s1" })).turns).toHaveLength(2);
    await one.memory.add(ann, said("again"));
    expect((await one.memory.sessions(ann)).every(({ isOpen }) => isOpen)).toBe(true);
  });
});

describe("profiles", () => {
  it("win field by field, nested ones too, and leave other owners alone", async () => {
    await one.memory.setProfile(ann, { name: "Ann", address: { city: "Rome", street: "Via Appia" } }, "form");
    await one.memory.setProfile(bob, { name: "Bob" });
    await bringAll(members, ann);
    one.clock.nowMs += 5;
    two.clock.nowMs += 10;
    await one.memory.setProfile(ann, { address: { city: "Oslo" } });
    await two.memory.setProfile(ann, { address: { street: "Karl Johans gate" }, likes: ["tea"] });
    await bringAll(members, ann);
    const whole = { name: "Ann", address: { city: "Oslo", street: "Karl Johans gate" }, likes: ["tea"] };
    for (const { memory } of members) expect(await memory.profile(ann)).toEqual(whole);
    expect(await one.memory.profile(bob)).toEqual({ name: "Bob" });
    expect(await two.memory.profileField(ann, "name")).toEqual([
      { value: "Ann", timeMs: START_MS, source: "form" },
    ]);
  });

  it("read the later of two values written at the same time, and show both", async () => {
    two.clock.nowMs += 1;
    await one.memory.setProfile(ann, { city: "Rome" });
    await two.memory.setProfile(ann, { city: "Oslo" });
    await bringAll(members, ann);
    expect(await one.memory.profile(ann)).toEqual({ city: "Oslo" });
    expect((await one.memory.profileField(ann, "city")).map(({ value }) => value)).toEqual(["Rome", "Oslo"]);
  });
});

describe("facts", () => {
  it("end where the next one begins, and are asked for as of a time and as known at one", async () => {
    const rome = await one.memory.addFact(ann, {
      subject: "Ann",
      predicate: "lives in",
      object: "Rome",
      validFromMs: 100,
    });
    one.clock.nowMs += 1_000;
    const oslo = await one.memory.addFact(ann, {
      subject: "Ann",
      predicate: "lives in",
      object: "Oslo",
      validFromMs: 200,
    });
    const objects = async (request: object) =>
      (await one.memory.facts(ann, request)).map(({ object }) => object);
    expect([
      await objects({ asOfMs: 150 }),
      await objects({ asOfMs: 200 }),
      await objects({ asOfMs: 99 }),
    ]).toEqual([["Rome"], ["Oslo"], []]);
    expect(await objects({ asOfMs: 300, knownAtMs: START_MS })).toEqual(["Rome"]);
    expect(await one.memory.facts(ann)).toMatchObject([
      { id: rome, validToMs: 200, supersededBy: oslo },
      { id: oslo, validToMs: undefined },
    ]);
    expect(await textsOf(one, "where does Ann live")).toEqual(["Oslo"]);
    const then = await one.memory.search("where does Ann live", { scope: ann, asOfMs: 150 });
    expect(then.map((hit) => hit.kind === "fact" && hit.fact.object)).toEqual(["Rome"]);
  });

  it("that are one of many hold beside each other; those of another subject too", async () => {
    for (const object of ["tea", "boats"]) {
      await one.memory.addFact(ann, { subject: "Ann", predicate: "likes", object, isOneOfMany: true });
    }
    await one.memory.addFact(ann, { subject: "Bob", predicate: "likes", object: "tea" });
    const facts = await one.memory.facts(ann, { asOfMs: START_MS });
    expect(facts.map(({ subject, object }) => `${subject} ${object}`)).toEqual([
      "Ann tea",
      "Ann boats",
      "Bob tea",
    ]);
  });

  it("written at the same time end the same way everywhere", async () => {
    await one.memory.addFact(ann, { subject: "Ann", predicate: "lives in", object: "Rome" });
    await two.memory.addFact(ann, { subject: "Ann", predicate: "lives in", object: "Oslo" });
    await bringAll(members, ann);
    const all = await Promise.all(members.map(({ memory }) => memory.facts(ann, { asOfMs: START_MS })));
    expect(all[0]).toHaveLength(1);
    expect(all[1]).toEqual(all[0]);
  });
});

describe("a search", () => {
  it("prefers the young where things fade, unless the old is pinned", async () => {
    const [old] = await one.memory.add(ann, { ...said("a zebra", "s1"), timeMs: START_MS - 100 * HOUR_MS });
    await one.memory.add(ann, { ...said("a zebra, once more", "s2"), timeMs: START_MS - HOUR_MS });
    const first = async (halfLifeMs?: number) => {
      const fading = halfLifeMs === undefined ? {} : { halfLifeMs };
      return (await one.memory.search("zebra", { scope: ann, ...fading }))[0]!;
    };
    expect(await first(HOUR_MS)).toMatchObject({ turn: { text: "a zebra, once more" } });
    await one.memory.pin(ann, old!);
    expect((await one.memory.turn(ann, old!))!.isPinned).toBe(true);
    expect(await first(HOUR_MS)).toMatchObject({ turn: { text: "a zebra" } });
    expect(await one.memory.unpin(ann, old!)).toBe(true);
    expect(await one.memory.pin(bob, old!)).toBe(false);
  });

  it("sees nothing later than what it is asked as of", async () => {
    await one.memory.add(ann, [
      { ...said("zebra then"), timeMs: 10 },
      { ...said("zebra later"), timeMs: 20 },
    ]);
    const hits = await one.memory.search("zebra", { scope: ann, asOfMs: 15 });
    expect(hits.map((hit) => hit.kind === "turn" && hit.turn.text)).toEqual(["zebra then"]);
  });
});

describe("context", () => {
  it("is in order, says nothing twice, brings the question, cites, and stays within its budget", async () => {
    await one.memory.add(ann, [
      { ...said("What colour is your boat?", "s1", "Bob"), timeMs: START_MS },
      { ...said("Blue, as boats are."), timeMs: START_MS + 60_000 },
      { ...said("Blue, as boats are."), timeMs: START_MS + 120_000 },
      { ...said("My boat is old.", "s2"), timeMs: START_MS + 180_000 },
    ]);
    const whole = await one.memory.context("colour of the boat", {
      scope: ann,
      tokens: 200,
      asOfMs: START_MS + HOUR_MS,
    });
    expect(whole.text.split("\n")).toEqual([
      "[1] 2023-11-14 22:13 Bob: What colour is your boat?",
      expect.stringMatching(/^\[2\] 2023-11-14 22:1[45] Ann: Blue, as boats are\.$/),
      "[3] 2023-11-14 22:16 Ann: My boat is old.",
    ]);
    expect(whole.citations.map(({ number, session }) => `${number}${session}`)).toEqual([
      "1s1",
      "2s1",
      "3s2",
    ]);
    for (let tokens = 0; tokens <= whole.tokens; tokens++) {
      const part = await one.memory.context("colour of the boat", { scope: ann, tokens });
      expect(part.tokens).toBeLessThanOrEqual(tokens);
      expect(part.citations).toHaveLength(part.text === "" ? 0 : part.text.split("\n").length);
    }
  });
});

describe("lines of JSON", () => {
  it("are the same to the byte after a round trip, and hold everything", async () => {
    const attachments = [{ name: "a.jpg", reference: "sha256:00", mediaType: "image/jpeg" }];
    await one.memory.add(
      { ...ann, agent: "a", run: "1" },
      { ...said('\ud800 \u2028 "zebra"'), zoneMinutes: 60, attachments },
    );
    const [id] = await one.memory.add(ann, { ...said("a boat"), lifetimeMs: HOUR_MS });
    await one.memory.edit(ann, id!, "my boat");
    await one.memory.addFact(ann, {
      subject: "Ann",
      predicate: "likes",
      object: "tea",
      source: id!,
      isOneOfMany: true,
    });
    const lines = await one.memory.exportLines(ann);
    expect(lines).toHaveLength(3);
    expect(await two.memory.importLines(ann, lines)).toBe(3);
    expect(await two.memory.importLines(ann, lines)).toBe(3);
    expect(await two.memory.exportLines(ann)).toEqual(lines);
    expect((await two.memory.history(ann)).turns).toEqual((await one.memory.history(ann)).turns);
    expect(await one.memory.exportLines({ ...ann, agent: "a" })).toHaveLength(1);
  });

  it("without ids are new records; wrong ones are named, and nothing is imported", async () => {
    const line = { kind: "turn", session: "s1", speaker: "Ann", text: "a zebra", timeMs: 5 };
    for (const wrong of [
      "{",
      "7",
      "{}",
      '{"kind":"turn"}',
      JSON.stringify({ ...line, id: "f1" }),
      JSON.stringify({ ...line, timeMs: "5" }),
    ]) {
      await expect(one.memory.importLines(ann, [JSON.stringify(line), wrong])).rejects.toThrow(/line 2 /);
    }
    const elsewhere = JSON.stringify({ ...line, agent: "b" });
    await expect(one.memory.importLines({ ...ann, agent: "a" }, [elsewhere])).rejects.toThrow(
      /line 1 belongs/,
    );
    expect((await one.memory.history(ann)).turns).toEqual([]);
    const [id] = await one.memory.add({ ...ann, agent: "b" }, said("of b", "s9"));
    const stolen = JSON.stringify({ ...line, id, agent: "a" });
    await expect(one.memory.importLines({ ...ann, agent: "a" }, [stolen])).rejects.toThrow(
      /belongs to another/,
    );
    expect((await one.memory.turn(ann, id!))!.text).toBe("of b");
    expect(await one.memory.importLines(ann, [JSON.stringify(line), "", elsewhere])).toBe(2);
    expect(await textsOf(one, "zebra")).toHaveLength(2);
  });
});

describe("what a peer wrote", () => {
  it("is left out and counted where it is no record", async () => {
    await one.memory.add(ann, said("a zebra"));
    const Raw = schema({
      turns: map<never>(),
      facts: map<never>(),
      forgets: map<never>(),
    } as never);
    const raw = (await two.replica.open(documentNameOf(ann), Raw)) as never as Record<
      string,
      { set(k: string, v: unknown): void }
    >;
    const wrong = [
      7,
      null,
      [],
      {},
      { s: "s", w: "w", t: "zebra", m: -1 },
      { s: "s", w: "w", t: "zebra", m: 1, h: [7] },
    ];
    for (const [place, value] of wrong.entries()) {
      raw.turns!.set(`t${place}`, value);
      raw.facts!.set(`f${place}`, value);
      raw.forgets!.set(`g${place}`, value);
    }
    raw.turns!.set("f-is-no-turn", { s: "s", w: "w", t: "zebra", m: 1 });
    await bring(two, one, ann);
    expect(await textsOf(one, "zebra")).toEqual(["a zebra"]);
    expect((await one.memory.history(ann)).turns).toHaveLength(1);
    expect(await one.memory.audit(ann)).toEqual([]);
    expect(await one.memory.facts(ann)).toEqual([]);
    expect((await one.memory.statistics(ann)).unreadable).toBe(2 * wrong.length + 1);
  });
});

describe("a stored memory", () => {
  it("is whole after a restart", async () => {
    const folder = await mkdtemp(join(tmpdir(), "memory-"));
    try {
      const first = await createMember(folder);
      const [id] = await first.memory.add(ann, said("a zebra"));
      await first.memory.addFact(ann, { subject: "Ann", predicate: "likes", object: "zebras" });
      await first.memory.setProfile(ann, { name: "Ann" });
      await first.memory.durable(ann);
      await first.close();
      const second = await createMember(folder);
      expect((await second.memory.turn(ann, id!))!.text).toBe("a zebra");
      expect((await textsOf(second, "zebra")).sort()).toEqual(["a zebra", "zebras"]);
      expect(await second.memory.profile(ann)).toEqual({ name: "Ann" });
      await second.memory.release(ann);
      expect(await textsOf(second, "zebra")).toHaveLength(2);
      await second.close();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

it("too many records to forget at once are refused", async () => {
  const records = Array.from({ length: FORGET_RECORDS_MAX + 1 }, (_, place) => `t${place}`);
  await expect(one.memory.forget(ann, { records })).rejects.toMatchObject({ code: "limit-exceeded" });
});

it.each([
  { reason: 5 },
  { reason: null },
  { records: "t1" },
  { records: [7] },
  { records: [""] },
  { session: "" },
])("a forgetting that others could not read is refused: %j", async (request) => {
  await one.memory.add(ann, said("a zebra"));
  const refusal = one.memory.forget(ann, request as never);
  await expect(refusal).rejects.toMatchObject({ code: "invalid-argument" });
  expect(await textsOf(one, "zebra")).toEqual(["a zebra"]);
  expect(await one.memory.audit(ann)).toEqual([]);
});
