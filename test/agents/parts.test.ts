// The parts that decide, each on its own: tokens, rests, queues, dependencies, rights.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseFor } from "../../host/agents/hash.ts";
import { compareTokens, type FencingToken, TokenCheck } from "../../host/agents/index.ts";
import { Members } from "../../host/agents/members.ts";
import { readAgent, readBeat, readLapse } from "../../host/agents/records/member-records.ts";
import { readGrant, readOutcome, readVote } from "../../host/agents/records/run-records.ts";
import { readRunKey, runKey } from "../../host/agents/records/shapes.ts";
import { readTaskSpec, type TaskSpec } from "../../host/agents/records/task-spec.ts";
import { retryDelayMs } from "../../host/agents/tasks/backoff.ts";
import { Deadlines } from "../../host/agents/tasks/deadlines.ts";
import { DependencyGraph, type Edge } from "../../host/agents/tasks/dependency-graph.ts";
import { Durations } from "../../host/agents/tasks/durations.ts";
import { ReadyTasks } from "../../host/agents/tasks/ready-tasks.ts";
import { lastRight, rightsOf } from "../../host/agents/tasks/right-to-run.ts";
import { file, noRecords } from "../../host/agents/tasks/task-records.ts";

const spec: TaskSpec = {
  kind: "job",
  mode: "owned",
  atMs: 1,
  seat: "seat-a",
  priority: 2,
  attempts: 3,
  backoff: { baseMs: 100, mostMs: 1_000 },
};

describe("fencing tokens", () => {
  const token = (epoch: number, replica = "a"): FencingToken => ({ task: "t", epoch, replica });

  it("of an execution that lost its right are refused", () => {
    const raised: FencingToken[] = [];
    const check = new TokenCheck([], (seen) => raised.push(seen));
    check.check(token(1));
    check.check(token(1));
    check.check(token(3));
    expect(() => check.check(token(2))).toThrowError(expect.objectContaining({ code: "stale-token" }));
    expect(check.isCurrent(token(3))).toBe(true);
    expect(raised).toEqual([token(1), token(3)]);
    expect(new TokenCheck(raised).isCurrent(token(2))).toBe(false);
  });

  it("of one epoch rank as the rights do: the least replica last", () => {
    expect(compareTokens(token(1, "b"), token(1, "a"))).toBeLessThan(0);
    const records = noRecords("t");
    records.spec = { ...spec, mode: "eventual" };
    for (const replica of ["b", "a"]) {
      file(records.grants, 1, `writer-${replica}`, {
        from: "x",
        to: "s",
        on: replica,
        agent: "g",
        batch: 0,
        atMs: 1,
      });
    }
    const witness = { isStored: () => true, replicaOf: () => undefined };
    expect(lastRight(rightsOf(records, records.spec, witness))?.on).toBe("a");
  });
});

describe("rights in mode owned", () => {
  const grant = (from: string, to: string, batch = 1) => ({
    from,
    to,
    on: `${to}-r`,
    agent: "g",
    batch,
    atMs: 1,
  });
  const witness = (stored: (replica: string, batch: number) => boolean) => ({
    isStored: stored,
    replicaOf: (seat: string) => `${seat}-r`,
  });

  it("come from who held the epoch before, and only once stored there", () => {
    const records = noRecords("t");
    records.spec = spec;
    file(records.grants, 1, "seat-a-r", grant("seat-a", "seat-b"));
    file(records.grants, 2, "seat-c-r", grant("seat-c", "seat-c"));
    const all = witness(() => true);
    expect(lastRight(rightsOf(records, spec, all))).toMatchObject({ epoch: 1, seat: "seat-b" });
    file(records.grants, 2, "seat-b-r", grant("seat-b", "seat-d", 7));
    expect(lastRight(rightsOf(records, spec, all))).toMatchObject({ epoch: 2, seat: "seat-d" });
    const notYet = witness((replica) => replica !== "seat-b-r");
    expect(lastRight(rightsOf(records, spec, notYet))).toMatchObject({ epoch: 1, seat: "seat-b" });
  });
});

it("rests grow, jitter alike everywhere, and stay below the most", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 2_000 }), (task, failures) => {
      const delayMs = retryDelayMs(task, failures, { baseMs: 100, mostMs: 5_000 });
      const fullMs = Math.min(5_000, 100 * 2 ** Math.min(52, failures - 1));
      expect(delayMs).toBe(retryDelayMs(task, failures, { baseMs: 100, mostMs: 5_000 }));
      expect(delayMs).toBeGreaterThanOrEqual(Math.floor(fullMs / 2));
      expect(delayMs).toBeLessThanOrEqual(fullMs);
    }),
  );
  const delays = new Set(
    Array.from({ length: 100 }, (_, index) => retryDelayMs(`task-${index}`, 1, spec.backoff)),
  );
  expect(delays.size).toBeGreaterThan(30);
});

describe("dependencies", () => {
  const edges = fc.uniqueArray(
    fc.record({
      task: fc.constantFrom("a", "b", "c", "d", "e"),
      after: fc.constantFrom("a", "b", "c", "d", "e"),
      atMs: fc.integer({ min: 0, max: 4 }),
    }),
    { maxLength: 14, selector: ({ task, after }) => `${task} ${after}` },
  );
  const isAcyclic = (graph: DependencyGraph): boolean => {
    const visit = (task: string, path: readonly string[]): boolean =>
      !path.includes(task) && [...graph.after(task)].every((after) => visit(after, [...path, task]));
    return ["a", "b", "c", "d", "e"].every((task) => visit(task, []));
  };
  const accepted = (graph: DependencyGraph): string[][] =>
    ["a", "b", "c", "d", "e"].map((task) => [...graph.after(task)].sort());
  const keys = (list: readonly Edge[]): string[] => list.map(({ task, after }) => `${task} ${after}`).sort();

  it("that would close a cycle are refused, the same ones in whatever order they come", () => {
    fc.assert(
      fc.property(edges, fc.infiniteStream(fc.nat()), (list, order) => {
        const first = new DependencyGraph();
        const second = new DependencyGraph();
        for (const edge of list) first.add(edge);
        const shuffled = list
          .map((edge) => ({ edge, at: order.next().value as number }))
          .sort((l, r) => l.at - r.at);
        for (const { edge } of shuffled) second.add(edge);
        expect(accepted(second)).toEqual(accepted(first));
        expect(keys(second.refused())).toEqual(keys(first.refused()));
        expect(isAcyclic(first)).toBe(true);
      }),
    );
  });

  it("says whose edges changed", () => {
    const graph = new DependencyGraph();
    expect([...graph.add({ task: "a", after: "b", atMs: 5 })]).toEqual(["a"]);
    // Made earlier, known later: the one that is there gives way.
    expect([...graph.add({ task: "b", after: "a", atMs: 1 })].sort()).toEqual(["a", "b"]);
    expect(keys(graph.refused())).toEqual(["a b"]);
    expect([...graph.delete(new Set(["b"]))].sort()).toEqual(["a", "b"]);
    expect(graph.refused()).toEqual([]);
  });
});

describe("tasks that wait", () => {
  const canServe = () => true;

  it("come by priority, and half of them by age, so that none waits for ever", () => {
    const ready = new ReadyTasks();
    for (let index = 0; index < 50; index++)
      ready.add(`high-${index}`, { ...spec, priority: 4, atMs: 100 + index }, 0);
    ready.add("old", { ...spec, priority: 0, atMs: 1 }, 0);
    const ids = [...ready.first(10, 512, canServe)];
    expect(ids.slice(0, 5)).toEqual(["high-0", "high-1", "high-2", "high-3", "high-4"]);
    expect(ids).toContain("old");
  });

  it("and that nobody can serve are not looked at", () => {
    const ready = new ReadyTasks();
    for (let index = 0; index < 600; index++) ready.add(`no-${index}`, { ...spec, kind: "nobody" }, 0);
    ready.add("yes", { ...spec, atMs: 9 }, 0);
    expect([...ready.first(20, 512, ({ kind }) => kind === "job")]).toEqual(["yes"]);
  });

  it("rest until the state knows that their time has come", () => {
    const ready = new ReadyTasks();
    ready.add("t", spec, 500);
    expect(ready.size).toBe(0);
    ready.advance(499);
    expect(ready.size).toBe(0);
    expect(ready.rests.nextMs).toBe(500);
    ready.advance(500);
    expect([...ready.first(5, 5, canServe)]).toEqual(["t"]);
    ready.delete("t");
    expect(ready.size).toBe(0);
  });

  it("in any order of arrival come in one order", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 4 })), {
          maxLength: 30,
        }),
        (tasks) => {
          const [first, second] = [new ReadyTasks(), new ReadyTasks()];
          const add = (ready: ReadyTasks, [atMs, priority]: [number, number]) =>
            ready.add(`t-${atMs}-${priority}`, { ...spec, atMs, priority }, 0);
          for (const task of tasks) add(first, task);
          for (const task of [...tasks].reverse()) add(second, task);
          expect([...second.first(8, 512, canServe)]).toEqual([...first.first(8, 512, canServe)]);
        },
      ),
    );
  });
});

it("deadlines come when they are due", () => {
  const deadlines = new Deadlines();
  deadlines.set("a", 10);
  deadlines.set("b", 20);
  expect(deadlines.due(9)).toEqual([]);
  expect(deadlines.due(15)).toEqual(["a"]);
  deadlines.set("a", undefined);
  expect(deadlines.due(15)).toEqual([]);
  expect(deadlines.nextMs).toBe(20);
  deadlines.set("b", undefined);
  expect(deadlines.nextMs).toBe(Number.POSITIVE_INFINITY);
});

it("durations are a mean of what counts now", () => {
  const durations = new Durations();
  expect(durations.meanMs("job")).toBeUndefined();
  durations.set("a", "job", 10);
  durations.set("b", "job", 30);
  expect(durations.meanMs("job")).toBe(20);
  durations.set("b", "job", undefined);
  expect(durations.meanMs("job")).toBe(10);
});

it("one of several is chosen alike everywhere, and leaves the others' share when it goes", () => {
  const names = ["a", "b", "c", "d"];
  for (let index = 0; index < 200; index++) {
    const key = `task-${index}`;
    const chosen = chooseFor(key, names)!;
    expect(chooseFor(key, [...names].reverse())).toBe(chosen);
    const without = names.filter((name) => name !== "d");
    if (chosen !== "d") expect(chooseFor(key, without)).toBe(chosen);
  }
});

describe("records of strangers", () => {
  it("that do not fit are none", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const read of [readTaskSpec, readGrant, readOutcome, readVote, readAgent, readBeat, readLapse]) {
          expect(() => read(value)).not.toThrow();
        }
      }),
    );
    expect(readTaskSpec(spec)).toEqual(spec);
    expect(readTaskSpec({ ...spec, priority: 5 })).toBeUndefined();
    expect(readTaskSpec({ ...spec, mode: "sometimes" })).toBeUndefined();
    expect(readTaskSpec({ ...spec, mode: "quorum", leaseMs: 1, electors: ["a", "a"] })).toBeUndefined();
    expect(readTaskSpec({ ...spec, requires: { skill: Number.NaN } })).toBeUndefined();
    expect(readBeat({ replica: "r", number: 1, atMs: 1, load: 0, heard: { r: -1 } })).toBeUndefined();
    const heard = Object.fromEntries(Array.from({ length: 1_025 }, (_, index) => [`r-${index}`, 1]));
    expect(readBeat({ replica: "r", number: 1, atMs: 1, load: 0, heard })).toBeUndefined();
    const kinds = Array.from({ length: 257 }, (_, index) => `kind-${index}`);
    const agent = {
      seat: "s",
      replica: "r",
      skills: {},
      slots: 1,
      resources: {},
      cost: 0,
      latencyMs: 0,
      region: "",
      state: "active",
    };
    expect(readAgent({ ...agent, kinds: [] })).toBeDefined();
    expect(readAgent({ ...agent, kinds })).toBeUndefined();
  });

  it("have keys of three parts", () => {
    expect(readRunKey(runKey("t", 3, "r"))).toEqual({ task: "t", epoch: 3, replica: "r" });
    for (const key of ["t", "t 3", "t 0 r", "t -1 r", "t 1.5 r", "t 1 r more", ` 1 r`]) {
      expect(readRunKey(key)).toBeUndefined();
    }
  });

  it("are counted", () => {
    const members = new Members(10_000, 3_000);
    members.setAgent("anna", { seat: 7 });
    members.setBeat("seat", "no beat", 0);
    members.setReceipt("replica", { batch: "all" });
    expect(members.malformed).toBe(3);
    expect(members.agents.size + members.beats.size).toBe(0);
  });
});

describe("who is taken for gone", () => {
  it("is whoever was silent for a lease, until the next heartbeat", () => {
    const members = new Members(10_000, 3_000);
    members.setBeat("seat", { replica: "r", number: 1, atMs: 99_000_000, load: 0 }, 0);
    expect([...members.silent(9_999)]).toEqual([]);
    const [[seat, lapse]] = [...members.silent(10_000)] as [[string, object]];
    members.setLapse(seat, lapse);
    expect(members.isLapsed("seat")).toBe(true);
    expect(members.carerFor("seat", "task")).toBeUndefined();
    members.setBeat("seat", { replica: "r", number: 2, atMs: 1, load: 0 }, 10_001);
    expect(members.isLapsed("seat")).toBe(false);
    expect(members.carerFor("seat", "task")).toBe("seat");
  });
});
