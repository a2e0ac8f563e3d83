// Workflows through the public API: illegal steps change nothing and say why, concurrent ones end in one legal state
// everywhere, and what lost stays in the history.
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type Change, type Document, log, schema, type WorkflowHandle, workflow } from "../../host/index.ts";
import { converge, createMember, ENGINES, openGroup, pass } from "./group.ts";

const article = {
  name: "article",
  states: ["draft", "approved", "published", "rejected", "stale"],
  initial: "draft",
  transitions: [
    { name: "approve", from: "draft", to: "approved", roles: ["editor"], compensate: "withdraw approval" },
    { name: "publish", from: "approved", to: "published", exclusive: true, compensate: "take down" },
    {
      name: "reject",
      from: ["draft", "approved"],
      to: "rejected",
      guard: { has: { payload: "why" } },
      compensate: "apologise",
    },
    { name: "revise", from: ["draft", "rejected"], to: "draft", timeoutMs: 1000, timeoutTo: "stale" },
    {
      name: "wake",
      from: "stale",
      to: "draft",
      guard: { left: { context: "wakes" }, is: "<", right: { value: 2 } },
    },
  ],
} as const;

const Desk = schema({ articles: workflow(article) });
type Desk = Document<typeof Desk>;
const editor = { role: "editor" };
const lease = { holder: "press", token: 1 };
const why = { payload: { why: "dull" } };

describe.each(ENGINES)("workflows on $name", (engine) => {
  const group = async (count = 2) => {
    const { documents, members } = await openGroup(engine, Desk, count);
    const clocks = members.map(({ platform }) => platform);
    const [desk, other] = documents as [Desk, Desk];
    return { documents, desk, other, clocks, ids: members.map(({ replica }) => replica.id) };
  };
  const refused = (code: string, message: RegExp) =>
    expect.objectContaining({ code, message: expect.stringMatching(message) });

  it("go from state to state", async () => {
    const { desk, other, ids, clocks } = await group();
    const { articles } = desk;
    expect([
      articles.state("a"),
      articles.context("a"),
      articles.history("a"),
      articles.available("a"),
    ]).toEqual([undefined, undefined, [], []]);
    articles.start("a", { title: "x", wakes: 0 });
    expect([articles.state("a"), articles.context("a")]).toEqual(["draft", { title: "x", wakes: 0 }]);
    articles.transition("a", "approve", { ...editor, context: { by: "ann", title: "y" } });
    articles.transition("a", "publish", { lease, payload: [1, null] });
    converge(desk, other);
    for (const { articles } of [desk, other]) {
      expect(articles.state("a")).toBe("published");
      expect(articles.context("a")).toEqual({ title: "y", wakes: 0, by: "ann" });
      expect(articles.history("a")).toMatchObject([
        {
          kind: "start",
          transition: undefined,
          from: undefined,
          to: "draft",
          isApplied: true,
          why: undefined,
        },
        { kind: "transition", transition: "approve", from: "draft", to: "approved", role: "editor" },
        {
          kind: "transition",
          transition: "publish",
          from: "approved",
          to: "published",
          payload: [1, null],
          lease,
        },
      ]);
      const last = articles.history("a").at(-1)!;
      expect([last.replica, last.timeMs]).toEqual([ids[0], clocks[0]!.nowMs]);
      expect(articles.toJSON()).toEqual({
        a: { state: "published", context: { title: "y", wakes: 0, by: "ann" } },
      });
    }
    expect(desk.digest()).toBe(other.digest());
  });

  it("refuse what is not allowed, say why, and change nothing", async () => {
    const { desk } = await group();
    const { articles } = desk;
    const before = desk.versionVector();
    expect(() => articles.transition("a", "approve", editor)).toThrow(
      refused("illegal-transition", /articles: transition of "a" refused: it was never started/),
    );
    expect(() => articles.reset("a", "x")).toThrow(
      refused("illegal-transition", /reset of "a".*never started/),
    );
    expect(desk.versionVector()).toEqual(before);
    articles.start("a", { wakes: 2 });
    const { digest, history } = { digest: desk.digest(), history: articles.history("a") };
    const attempts: [() => void, string, RegExp][] = [
      [
        () => articles.start("a"),
        "illegal-transition",
        /start of "a" refused: it was started already and is "draft"/,
      ],
      [() => articles.transition("a", "fly"), "illegal-transition", /"article" has no transition "fly"/],
      [
        () => articles.transition("a", "publish", { lease }),
        "illegal-transition",
        /it is "draft", and "publish" starts/,
      ],
      [
        () => articles.transition("a", "approve"),
        "illegal-transition",
        /is for "editor", and no role was given/,
      ],
      [
        () => articles.transition("a", "approve", { role: "x" }),
        "illegal-transition",
        /the role "x" was given/,
      ],
      [() => articles.transition("a", "reject"), "illegal-transition", /the guard of "reject" does not hold/],
      [
        () => articles.transition("a", "reject", { payload: (() => 1) as never }),
        "illegal-transition",
        /guard/,
      ],
      [
        () => articles.transition("a", "reject", { payload: { why: undefined } as never }),
        "illegal-transition",
        /guard/,
      ],
      [
        () => articles.transition("a", "revise", { payload: (() => 1) as never }),
        "invalid-value",
        /function/,
      ],
      [
        () => articles.transition("a", "revise", { context: [] as never }),
        "invalid-argument",
        /object as context/,
      ],
      [() => articles.transition("a", 7 as never), "invalid-argument", /texts as transition/],
      [() => articles.transition("a", "revise", { lease: null as never }), "invalid-argument", /as lease/],
      [() => articles.start("", {}), "invalid-argument", /text as id/],
      [() => articles.start(7n as never), "invalid-argument", /start of 7 takes a text as id/],
      [() => articles.start("b", { f: undefined } as never), "invalid-value", /undefined/],
      [() => articles.reset("a", 7 as never), "invalid-argument", /reason/],
      [() => articles.expire(0.5), "invalid-argument", /whole milliseconds/],
    ];
    for (const [attempt, code, message] of attempts) expect(attempt).toThrow(refused(code, message));
    expect([desk.digest(), articles.history("a"), articles.state("b")]).toEqual([digest, history, undefined]);
    articles.transition("a", "approve", editor);
    expect(() => articles.transition("a", "publish")).toThrow(
      refused("lease-required", /"publish" is exclusive/),
    );
    expect(() => articles.transition("a", "publish", { lease: { holder: "", token: 1 } })).toThrow(
      refused("invalid-argument", /\{holder, token\} as lease/),
    );
    expect(articles.state("a")).toBe("approved");
  });

  it("end in one legal state wherever concurrent steps met", async () => {
    const { desk, other, clocks } = await group();
    desk.articles.start("a");
    converge(desk, other);
    clocks[0]!.nowMs += 10;
    desk.articles.transition("a", "approve", editor);
    desk.articles.transition("a", "publish", { lease });
    clocks[1]!.nowMs += 20;
    other.articles.transition("a", "reject", why);
    expect([desk.articles.state("a"), other.articles.state("a")]).toEqual(["published", "rejected"]);
    converge(desk, other);
    for (const { articles } of [desk, other]) {
      expect(articles.state("a")).toBe("published");
      expect(
        articles.history("a").map(({ transition, isApplied, why }) => [transition, isApplied, why]),
      ).toEqual([
        [undefined, true, undefined],
        ["approve", true, undefined],
        ["publish", true, undefined],
        ["reject", false, 'it is "published", and "reject" starts from "draft", "approved"'],
      ]);
      expect(articles.compensations("a")).toMatchObject([
        { action: "apologise", because: "refused", payload: { why: "dull" } },
        { action: "take down", because: "applied" },
        { action: "withdraw approval", because: "applied" },
      ]);
      expect(articles.statistics()).toEqual({
        instances: 1,
        byState: { published: 1 },
        applied: 3,
        refused: 1,
        unreadable: 0,
      });
    }
  });

  it("judge anew what lies behind a step that came in between", async () => {
    const { desk, other, clocks } = await group();
    desk.articles.start("a");
    converge(desk, other);
    clocks[0]!.nowMs += 100;
    desk.articles.transition("a", "approve", editor);
    desk.articles.transition("a", "publish", { lease });
    clocks[1]!.nowMs += 50;
    other.articles.transition("a", "reject", why);
    pass(other, desk);
    expect(desk.articles.state("a")).toBe("rejected");
    expect(desk.articles.history("a").map(({ isApplied }) => isApplied)).toEqual([true, true, false, false]);
    converge(desk, other);
    expect(other.articles.history("a")).toEqual(desk.articles.history("a"));
  });

  it("log a reset, with its reason", async () => {
    const { desk, other } = await group();
    desk.articles.start("a", { wakes: 0 });
    desk.articles.transition("a", "approve", { ...editor, context: { wakes: 7 } });
    desk.articles.reset("a", "wrong article");
    converge(desk, other);
    expect([other.articles.state("a"), other.articles.context("a")]).toEqual(["draft", { wakes: 0 }]);
    expect(other.articles.history("a").at(-1)).toMatchObject({
      kind: "reset",
      reason: "wrong article",
      from: "approved",
      to: "draft",
    });
    expect(other.articles.compensations("a")).toMatchObject([
      { action: "withdraw approval", because: "reset" },
    ]);
  });

  it("never mix two instances", async () => {
    const { desk, other } = await group();
    for (const id of ["a", "b", "__proto__", "a-b"]) desk.articles.start(id, { id });
    converge(desk, other);
    desk.articles.transition("a", "approve", editor);
    other.articles.transition("b", "reject", why);
    other.articles.reset("__proto__", "x");
    converge(desk, other);
    const states = desk.articles.instances().map(({ id, state }) => [id, state]);
    expect(states).toEqual([
      ["__proto__", "draft"],
      ["a", "approved"],
      ["a-b", "draft"],
      ["b", "rejected"],
    ]);
    expect(other.articles.instances({ state: "rejected" }).map(({ id }) => id)).toEqual(["b"]);
    expect(desk.articles.history("a").length).toBe(2);
    expect(desk.articles.context("a-b")).toEqual({ id: "a-b" });
    expect(Object.keys(desk.articles.toJSON())).toEqual(["__proto__", "a", "a-b", "b"]);
  });

  it("say what is available", async () => {
    const { articles } = (await group()).desk;
    articles.start("a", { wakes: 2 });
    expect(articles.available("a")).toEqual(["approve", "reject", "revise"]);
    expect(articles.available("a", "reader")).toEqual(["reject", "revise"]);
    expect(articles.available("a", "editor", {})).toEqual(["approve", "revise"]);
    expect(articles.available("a", "editor", { why: 1 })).toEqual(["approve", "reject", "revise"]);
  });

  it("expire what waited too long, once", async () => {
    const { desk, other, clocks } = await group();
    const now = clocks[0]!.nowMs;
    desk.articles.start("a", { wakes: 2 });
    desk.articles.start("b");
    desk.articles.transition("b", "approve", editor);
    converge(desk, other);
    expect(desk.articles.due(now + 999)).toEqual([]);
    expect(desk.articles.expire(now + 999)).toEqual([]);
    const due = [{ id: "a", transition: "revise", to: "stale", dueMs: now + 1000 }];
    expect(desk.articles.due(now + 1000)).toEqual(due);
    expect([desk.articles.expire(now + 1000), desk.articles.expire(now + 1000)]).toEqual([due, []]);
    expect(other.articles.expire(now + 1000)).toEqual(due);
    converge(desk, other);
    for (const { articles } of [desk, other]) {
      expect([articles.state("a"), articles.state("b")]).toEqual(["stale", "approved"]);
      expect(articles.history("a").map(({ kind, isApplied }) => [kind, isApplied])).toEqual([
        ["start", true],
        ["timeout", true],
        ["timeout", false],
      ]);
      expect(() => articles.transition("a", "wake")).toThrow(/guard of "wake" does not hold/);
    }
  });

  it("follow a start by a clock that was far ahead", async () => {
    const { desk, other, clocks } = await group();
    clocks[1]!.nowMs += 3_600_000;
    other.articles.start("a");
    pass(other, desk);
    desk.articles.transition("a", "approve", editor);
    expect(desk.articles.state("a")).toBe("approved");
    desk.articles.transition("a", "publish", { lease });
    converge(desk, other);
    expect([desk.articles.state("a"), other.articles.state("a")]).toEqual(["published", "published"]);
    expect(other.articles.statistics().refused).toBe(0);
  });

  it("are followed by who has another definition, under the one they were started with", async () => {
    const { desk } = await group();
    desk.articles.start("a");
    const Short = schema({
      articles: workflow({
        name: "short",
        states: ["draft", "done"],
        initial: "draft",
        transitions: [{ name: "finish", from: "draft", to: "done" }],
      }),
    });
    const { replica } = await createMember(engine);
    const short = await replica.open("home", Short);
    short.load(desk.snapshot());
    expect(short.articles.available("a")).toEqual(["approve", "reject", "revise"]);
    short.articles.transition("a", "approve", editor);
    short.articles.start("b");
    short.articles.transition("b", "finish");
    desk.load(short.snapshot());
    expect(desk.articles.instances().map(({ workflow, state }) => [workflow, state])).toEqual([
      ["article", "approved"],
      ["short", "done"],
    ]);
    await expect(replica.open("home", Desk)).rejects.toThrow(
      refused("container-type", /another rule or definition/),
    );
    expect((await replica.open("home", Short)).articles).toBe(short.articles);
  });

  it("undo what a transaction that threw had done", async () => {
    const { desk } = await group();
    desk.articles.start("a");
    const snapshot = desk.snapshot();
    expect(() =>
      desk.transact(() => {
        desk.articles.start("b");
        desk.articles.transition("a", "approve", editor);
        expect([desk.articles.state("a"), desk.articles.state("b")]).toEqual(["approved", "draft"]);
        desk.articles.transition("a", "approve", editor);
      }),
    ).toThrow(refused("illegal-transition", /it is "approved"/));
    expect([desk.articles.state("a"), desk.articles.state("b"), desk.snapshot()]).toEqual([
      "draft",
      undefined,
      snapshot,
    ]);
    desk.articles.transition("a", "reject", why);
    expect(desk.articles.state("a")).toBe("rejected");
  });

  it("give bytes that nobody else holds", async () => {
    const { articles } = (await group()).desk;
    articles.start("a", { bytes: new Uint8Array([1]), plain: [1] });
    articles.transition("a", "revise", { payload: [new Uint8Array([2])] });
    (articles.context("a")!.bytes as Uint8Array)[0] = 9;
    (articles.history("a")[1]!.payload as [Uint8Array])[0][0] = 9;
    expect(articles.context("a")).toEqual({ bytes: new Uint8Array([1]), plain: [1] });
    expect(articles.history("a")[1]!.payload).toEqual([new Uint8Array([2])]);
  });

  it("tell which instances changed", async () => {
    const { desk, other } = await group();
    other.articles.start("a");
    other.articles.start("b");
    pass(other, desk);
    const heard: Change[] = [];
    desk.subscribe((change) => heard.push(change));
    const said = { container: "articles", type: "workflow" };
    desk.articles.transition("a", "approve", editor);
    desk.transact(() => {
      desk.articles.start("c");
      desk.articles.start("d");
    });
    other.articles.transition("b", "reject", why);
    pass(other, desk);
    pass(other, desk);
    expect(heard).toEqual([
      { ...said, origin: "local", instances: ["a"] },
      { ...said, origin: "local", instances: ["c", "d"] },
      { ...said, origin: "remote", instances: ["b"] },
    ]);
    expect(() =>
      desk.transact(() => {
        desk.articles.start("e");
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(heard.length).toBe(3);
  });

  it("are what any log is to who knows no workflow, and survive nonsense in theirs", async () => {
    const { desk } = await group();
    desk.articles.start("a");
    const { engine: raw } = { engine };
    const forged = raw.createDocument({
      replica: "00000000000000ff" as never,
      hashSeed: [1, 2],
      driftLimitMs: 60_000,
    });
    const index = forged.container("workflow", "articles");
    for (const payload of [[0xff], [0x01], [0xa0], [0x61, 0xff]]) {
      const batch = Uint8Array.of(7, index, 0, payload.length, 0, 0, 0, ...payload);
      forged.mutate(batch, batch.length, 1_700_000_000_000);
    }
    desk.merge(forged.snapshot());
    forged.close();
    expect([desk.articles.state("a"), desk.articles.statistics().unreadable]).toEqual(["draft", 4]);
    const other = await (await createMember(engine)).replica.open("home", schema({ articles: log() }));
    other.load(desk.snapshot());
    expect(other.articles.size).toBe(0);
  });

  it("are typed by their definition, and only that is refused which contradicts itself", async () => {
    expectTypeOf<Desk["articles"]>().toExtend<
      WorkflowHandle<"approve" | "publish" | "reject" | "revise" | "wake">
    >();
    expect(() => workflow({ ...article, initial: "none" })).toThrow(
      refused("invalid-definition", /"none" is none/),
    );
  });

  it("are the same on every replica, and to one that reads them for the first time", async () => {
    const step = fc.record({
      at: fc.nat(2),
      to: fc.nat(2),
      id: fc.constantFrom("a", "b"),
      does: fc.constantFrom(
        "start",
        "approve",
        "publish",
        "reject",
        "revise",
        "wake",
        "reset",
        "expire",
        "pass",
        "undo",
      ),
      tickMs: fc.nat(600),
      token: fc.nat(2),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { documents, clocks } = await group(3);
        for (const { at, to, id, does, tickMs, token } of steps) {
          const { articles } = documents[at]!;
          clocks[at]!.nowMs += tickMs;
          const options = { ...editor, ...why, lease: { holder: "x", token }, context: { wakes: token } };
          const before = JSON.stringify(articles.history(id));
          try {
            if (does === "start") articles.start(id);
            else if (does === "reset") articles.reset(id, "x");
            else if (does === "expire") articles.expire(clocks[at]!.nowMs);
            else if (does === "pass") pass(documents[at]!, documents[to]!);
            else if (does === "undo") {
              documents[at]!.transact(() => {
                articles.transition(id, "revise");
                articles.state(id);
                throw new Error("undone");
              });
            } else articles.transition(id, does, options);
          } catch {
            expect(JSON.stringify(articles.history(id))).toBe(before);
          }
          const state = articles.state(id);
          expect(state === undefined || article.states.some((known) => known === state)).toBe(true);
        }
        converge(...documents);
        const fresh = await (await createMember(engine)).replica.open("home", Desk);
        fresh.load(documents[0]!.snapshot());
        const views = [...documents, fresh].map(({ articles }) => {
          const parts = ["a", "b"].map((id) => [articles.history(id), articles.compensations(id)]);
          return JSON.stringify([articles.toJSON(), articles.statistics(), articles.instances(), parts]);
        });
        expect(new Set(views).size).toBe(1);
      }),
      { numRuns: 60 },
    );
  });
});
