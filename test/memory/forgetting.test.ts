// Forgetting: what is hidden, where it wins, and that nothing of it is left. Random histories are judged by a model that
// keeps who knew what: a record is gone if a mark names it, or if its place was forgotten by a mark its writer had not seen.
// MEMORY_RUNS sets how many histories.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Scope } from "../../host/memory/index.ts";
import { documentNameOf } from "../../host/memory/scope.ts";
import { bring, bringAll, createMember, createMembers, type Member, said } from "./memories.ts";

const RUNS = Number(process.env.MEMORY_RUNS ?? 300);
const ann: Scope = { user: "ann" };
const ids = async (member: Member, scope: Scope): Promise<string[]> =>
  (await member.memory.history(scope, { limit: 1_000 })).turns.map(({ id }) => id);

describe("forgetting", () => {
  it("a record wins over an edit at the same time, whichever clock is ahead", async () => {
    for (const aheadMs of [-5_000, 5_000]) {
      const [one, two] = (await createMembers(2)) as [Member, Member];
      const [id] = await one.memory.add(ann, said("a zebra"));
      await bringAll([one, two], ann);
      two.clock.nowMs += aheadMs;
      await two.memory.edit(ann, id!, "a zebra in the night");
      const record = await one.memory.forget(ann, { records: [id!], reason: "asked by Ann" });
      await bringAll([one, two], ann);
      for (const member of [one, two]) {
        expect(await member.memory.search("zebra night", { scope: ann })).toEqual([]);
        expect(await member.memory.turn(ann, id!)).toBeUndefined();
        expect(await member.memory.audit(ann)).toEqual([{ ...record, records: [id], count: 1 }]);
        const document = await member.replica.open(documentNameOf(ann));
        expect(Buffer.from(document.snapshot()).includes("zebra")).toBe(false);
      }
      await Promise.all([one.close(), two.close()]);
    }
  });

  it("a user wins over what is added at the same time, and leaves what is added after seeing it", async () => {
    const [one, two] = (await createMembers(2)) as [Member, Member];
    await one.memory.add(ann, said("known before"));
    await one.memory.addFact(ann, { subject: "Ann", predicate: "likes", object: "zebras" });
    await one.memory.setProfile(ann, { name: "Ann" });
    await bringAll([one, two], ann);
    two.clock.nowMs += 60_000;
    await two.memory.add({ ...ann, agent: "guide" }, said("written at the same time"));
    await two.memory.setProfile(ann, { city: "Oslo" });
    await one.memory.forget(ann);
    await one.memory.add(ann, said("written after"));
    await bringAll([one, two], ann);
    for (const { memory } of [one, two]) {
      expect((await memory.history(ann)).turns.map(({ text }) => text)).toEqual(["written after"]);
      expect([await memory.facts(ann), await memory.profile(ann)]).toEqual([[], {}]);
      expect(await memory.search("zebras same time known", { scope: ann })).toEqual([]);
      expect(await memory.profileField(ann, "city")).toEqual([]);
    }
    for (const { replica } of [one, two]) {
      const snapshot = Buffer.from((await replica.open(documentNameOf(ann))).snapshot());
      expect(["known", "zebras", "Oslo", "same time"].filter((text) => snapshot.includes(text))).toEqual([]);
    }
    await Promise.all([one.close(), two.close()]);
  });

  it("an agent's part leaves the rest of the user's memory", async () => {
    const one = await createMember();
    await one.memory.add({ ...ann, agent: "a" }, said("of a"));
    await one.memory.add({ ...ann, agent: "b" }, said("of b"));
    await one.memory.add(ann, said("of ann"));
    expect(await one.memory.forget({ ...ann, agent: "a" })).toMatchObject({
      count: 1,
      agent: "a",
      records: undefined,
    });
    expect((await one.memory.history(ann)).turns.map(({ text }) => text)).toEqual(["of b", "of ann"]);
    await one.close();
  });

  it("by id reaches no other scope", async () => {
    const one = await createMember();
    const [id] = await one.memory.add({ ...ann, agent: "a" }, said("a zebra"));
    expect(await one.memory.forget({ ...ann, agent: "b" }, { records: [id!] })).toMatchObject({
      count: 0,
      records: [],
    });
    expect(await one.memory.forget({ user: "bob" }, { records: [id!] })).toMatchObject({ count: 0 });
    expect(await ids(one, ann)).toEqual([id]);
    await one.close();
  });

  it("leaves no byte of a text in files, snapshots, deltas or the index once compacted", async () => {
    const folder = await mkdtemp(join(tmpdir(), "memory-forget-"));
    const secret = "zq81xv72wj63";
    const filesHold = async (): Promise<boolean> => {
      for (const item of await readdir(folder, { withFileTypes: true, recursive: true })) {
        if (item.isFile() && (await readFile(join(item.parentPath, item.name))).includes(secret)) return true;
      }
      return false;
    };
    const one = await createMember(folder);
    const two = await createMember();
    const [id] = await one.memory.add(ann, said(`the word is ${secret}`));
    await one.memory.add(
      ann,
      Array.from({ length: 500 }, (_, place) => said(`turn ${place} of many`)),
    );
    await one.memory.durable(ann);
    await bring(one, two, ann);
    const documents = [
      await one.replica.open(documentNameOf(ann)),
      await two.replica.open(documentNameOf(ann)),
    ];
    const anywhere = () => documents.map((document) => Buffer.from(document.snapshot()).includes(secret));
    expect([await filesHold(), anywhere()]).toEqual([true, [true, true]]);
    await one.memory.forget(ann, { records: [id!] });
    await one.memory.compact(ann);
    await bring(one, two, ann);
    expect([await filesHold(), anywhere()]).toEqual([false, [false, false]]);
    for (const { memory } of [one, two]) {
      expect(await memory.search(secret, { scope: ann })).toEqual([]);
      expect(await memory.search("turn", { scope: ann, k: 3 })).toHaveLength(3);
    }
    await Promise.all([one.close(), two.close()]);
    expect(await filesHold()).toBe(false);
    await rm(folder, { recursive: true, force: true });
  });
});

interface Added {
  readonly id: string;
  readonly owner: string;
  readonly agent: string;
  readonly session: string;
  readonly seen: ReadonlySet<number>;
}

interface Mark {
  readonly owner: string;
  readonly agent: string;
  readonly session: string | undefined;
  readonly records: ReadonlySet<string> | undefined;
}

const OWNERS = ["ann", "bob"] as const;
const step = fc.record({
  what: fc.constantFrom(
    "add",
    "add",
    "add",
    "edit",
    "bring",
    "bring",
    "forget-record",
    "forget-scope",
    "forget-session",
  ),
  who: fc.nat(2),
  whom: fc.nat(2),
  owner: fc.constantFrom(...OWNERS),
  agent: fc.constantFrom("", "a", "b"),
  session: fc.constantFrom("s1", "s2"),
  pick: fc.nat(),
  aheadMs: fc.integer({ min: -3_000, max: 3_000 }),
});
type Step = Omit<typeof step extends fc.Arbitrary<infer T> ? T : never, "owner"> & { readonly owner: string };

/** Runs steps on three members, and keeps what each knew. */
class History {
  readonly members: readonly Member[];
  readonly added: Added[] = [];
  readonly marks: Mark[] = [];
  readonly #known = Array.from({ length: 3 }, () => ({
    records: new Set<string>(),
    marks: new Set<number>(),
  }));

  readonly #run: number;

  constructor(members: readonly Member[], run: number) {
    this.members = members;
    this.#run = run;
  }

  nameOf(owner: string): string {
    return `${owner} ${this.#run}`;
  }

  async run(one: Step): Promise<void> {
    const member = this.members[one.who]!;
    member.clock.nowMs += one.aheadMs;
    const scope: Scope = { user: one.owner, ...(one.agent === "" ? {} : { agent: one.agent }) };
    const known = this.#known[one.who]!;
    const inScope = this.added.filter(
      (turn) =>
        known.records.has(turn.id) &&
        turn.owner === one.owner &&
        (one.agent === "" || turn.agent === one.agent),
    );
    const picked = inScope[one.pick % inScope.length];
    if (one.what === "add") {
      const text = `zebra of ${one.owner} ${one.agent}${one.pick}`;
      const [id] = await member.memory.add(scope, said(text, one.session));
      this.added.push({
        id: id!,
        owner: one.owner,
        agent: one.agent,
        session: one.session,
        seen: new Set(known.marks),
      });
      known.records.add(id!);
    } else if (one.what === "edit" && picked !== undefined) {
      await member.memory.edit(scope, picked.id, `zebra of ${one.owner}, edited ${one.pick}`);
    } else if (one.what === "bring") {
      if (one.who !== one.whom) await this.#bring(one);
    } else if (one.what === "forget-record" && picked !== undefined) {
      // Only what is still there can be named.
      const isThere = (await member.memory.turn(scope, picked.id)) !== undefined;
      await member.memory.forget(scope, { records: [picked.id] });
      if (isThere) this.#mark(one, { records: new Set([picked.id]), session: undefined });
    } else if (one.what === "forget-scope") {
      await member.memory.forget(scope);
      this.#mark(one, { records: undefined, session: undefined });
    } else if (one.what === "forget-session") {
      await member.memory.forget(scope, { session: one.session });
      this.#mark(one, { records: undefined, session: one.session });
    }
  }

  async #bring({ who, whom, owner }: Step): Promise<void> {
    await bring(this.members[who]!, this.members[whom]!, { user: owner });
    const [from, to] = [this.#known[who]!, this.#known[whom]!];
    for (const turn of this.added)
      if (turn.owner === owner && from.records.has(turn.id)) to.records.add(turn.id);
    for (const mark of from.marks) if (this.marks[mark]!.owner === owner) to.marks.add(mark);
  }

  #mark({ who, owner, agent }: Step, what: Pick<Mark, "records" | "session">): void {
    this.#known[who]!.marks.add(this.marks.length);
    this.marks.push({ owner, agent, ...what });
  }

  isGone(turn: Added): boolean {
    return this.marks.some((mark, number) => {
      if (mark.records !== undefined) return mark.records.has(turn.id);
      const isCovered =
        mark.owner === turn.owner &&
        (mark.agent === "" || mark.agent === turn.agent) &&
        (mark.session === undefined || mark.session === turn.session);
      return isCovered && !turn.seen.has(number);
    });
  }
}

describe("random histories", () => {
  it("end with no leak between scopes, no ghost, nothing lost, and equal rankings", async () => {
    // Replicas are used again, owners are not: starting a replica costs more than a history.
    const members = await createMembers(3);
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        runs++;
        const history = new History(members, runs);
        for (const one of steps) await history.run({ ...one, owner: history.nameOf(one.owner) });
        for (const owner of OWNERS.map((name) => history.nameOf(name))) {
          await bringAll(members, { user: owner });
          await expectExact(history, owner);
        }
      }),
      { numRuns: RUNS },
    );
    await Promise.all(members.map((member) => member.close()));
  });
});

async function expectExact(history: History, owner: string): Promise<void> {
  const left = history.added.filter((turn) => turn.owner === owner && !history.isGone(turn));
  const rankings: string[] = [];
  for (const member of history.members) {
    for (const agent of ["", "a", "b"]) {
      const scope: Scope = { user: owner, ...(agent === "" ? {} : { agent }) };
      const expected = left.filter((turn) => agent === "" || turn.agent === agent).map(({ id }) => id);
      expect((await ids(member, scope)).sort()).toEqual(expected.sort());
      const hits = await member.memory.search("zebra edited", { scope, k: 1_000 });
      expect(hits.map(({ id }) => id).sort()).toEqual(expected);
      for (const hit of hits) if (hit.kind === "turn") expect(hit.turn.text).toContain(`zebra of ${owner}`);
    }
    rankings.push(
      JSON.stringify(
        await member.memory.search("who edited the zebra", { scope: { user: owner }, k: 1_000 }),
      ),
    );
    const document = await member.replica.open(documentNameOf({ user: owner }));
    if (left.length === 0) expect(Buffer.from(document.snapshot()).includes("zebra")).toBe(false);
  }
  expect(new Set(rankings).size).toBe(1);
}
