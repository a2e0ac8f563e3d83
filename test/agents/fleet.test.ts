// What a fleet does when it is well: tasks go to agents, run, fail, rest, wait for each other, and are seen everywhere.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterEach, expect, it } from "vitest";
import { joinFleet, replayTrail } from "../../host/agents/index.ts";
import { isCrdtError } from "../../host/errors.ts";
import { createReplica } from "../../host/index.ts";
import { close, type Member, members, openFleet, until } from "./fleets.ts";

const isOver = (status: string): boolean => status === "done" || status === "dead";

let all: Member[] = [];
const join = async (count: number, options = {}): Promise<Member[]> => {
  all = await members(count, options);
  return all;
};
afterEach(() => close(all));

it("runs a task on the agent that can, and everybody sees the result", async () => {
  const [first, second, third] = await join(3);
  second!.fleet.register({ id: "anna", slots: 2 }).work("double", (input: number) => input * 2);
  const id = first!.fleet.submit({ kind: "double", input: 21 });
  await until(() => all.every(({ fleet }) => fleet.task(id)?.status === "done"));
  const report = third!.fleet.task(id)!;
  expect(report).toMatchObject({ result: 42, agent: "anna", attempts: 1, duplicates: 0, epoch: 1 });
});

it.each(["owned", "quorum"] as const)("runs a task in mode %s", async (mode) => {
  const [first, second, third] = await join(3);
  second!.fleet.register({ id: "anna" }).work("double", (input: number) => input * 2);
  await until(() => all.every(({ fleet }) => fleet.agents().length === 1));
  const id = first!.fleet.submit({ kind: "double", input: 4, mode });
  await until(() => third!.fleet.task(id)?.status === "done");
  expect(third!.fleet.task(id)).toMatchObject({ result: 8, attempts: 1, duplicates: 0 });
  if (mode === "quorum") expect(third!.fleet.task(id)!.spec!.electors).toHaveLength(3);
});

it("spreads a hundred tasks over five equal agents", async () => {
  await join(5);
  const done: Record<string, number> = {};
  for (const [index, { fleet }] of all.entries()) {
    fleet.register({ id: `agent-${index}`, slots: 20 }).work("step", async (_input, run) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      done[run.token.replica] = (done[run.token.replica] ?? 0) + 1;
    });
  }
  await until(() => all.every(({ fleet }) => fleet.agents().length === 5));
  const ids = all[0]!.fleet.submitMany(Array.from({ length: 100 }, () => ({ kind: "step" })));
  await until(() => all.every(({ fleet }) => ids.every((id) => fleet.task(id)?.status === "done")));
  expect(Object.values(done)).toEqual([20, 20, 20, 20, 20]);
  expect(all[1]!.fleet.counters()).toMatchObject({ tasks: { done: 100 }, duplicates: 0, malformed: 0 });
});

it("tries again after a rest, then gives up", async () => {
  const [first, second] = await join(2);
  let calls = 0;
  second!.fleet.register({ id: "anna" }).work("fail", () => {
    calls++;
    throw new Error(`no ${calls}`);
  });
  const id = first!.fleet.submit({ kind: "fail", attempts: 3, backoff: { baseMs: 20, mostMs: 40 } });
  const report = await first!.fleet.settled(id);
  expect(report).toMatchObject({ status: "dead", attempts: 3, error: "Error: no 3" });
  expect(calls).toBe(3);
  expect(first!.fleet.deadLetters().map((letter) => letter.id)).toEqual([id]);
});

it("cancels a running task, whose handler is told", async () => {
  const [first, second] = await join(2);
  let reason: unknown;
  second!.fleet.register({ id: "anna" }).work("wait", async (_input, { signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    reason = signal.reason;
    return "too late";
  });
  const id = first!.fleet.submit({ kind: "wait" });
  await until(() => first!.fleet.task(id)?.status === "running");
  first!.fleet.cancel(id, "not needed");
  await until(() => reason !== undefined);
  expect(String(reason)).toContain("cancelled");
  await until(() => second!.fleet.agents()[0]!.given === 0);
  expect(first!.fleet.task(id)).toMatchObject({
    status: "cancelled",
    error: "not needed",
    result: undefined,
  });
  expect(() => first!.fleet.cancel(id)).toThrowError(expect.objectContaining({ code: "task-ended" }));
});

it("waits for dependencies, and for what will not come", async () => {
  const [first, second] = await join(2);
  const order: string[] = [];
  second!.fleet.register({ id: "anna", slots: 3 }).work("note", (input: string) => {
    order.push(input);
  });
  const { fleet } = first!;
  const a = fleet.submit({ kind: "nobody" });
  const b = fleet.submit({ kind: "note", input: "b" });
  const c = fleet.submit({ kind: "note", input: "c", after: [b] });
  const d = fleet.submit({ kind: "note", input: "d", after: [a, c] });
  await until(() => fleet.task(c)?.status === "done");
  expect(order).toEqual(["b", "c"]);
  expect(fleet.task(d)?.status).toBe("waiting");
  fleet.cancel(a);
  expect(fleet.task(d)?.status).toBe("unmet");
});

it("pauses tasks and agents", async () => {
  const [first, second] = await join(2);
  const agent = second!.fleet.register({ id: "anna" }).work("note", () => {});
  await until(() => first!.fleet.agents().length === 1);
  const { fleet } = first!;
  const id = fleet.submit({ kind: "note" });
  fleet.pause(id);
  agent.pause();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(fleet.task(id)?.status).toBe("paused");
  fleet.resume(id);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(fleet.task(id)?.status).toBe("ready");
  agent.resume();
  await until(() => fleet.task(id)?.status === "done");
});

it("lets a task expire that nobody began", async () => {
  const [first] = await join(1);
  const id = first!.fleet.submit({ kind: "nobody", ttlMs: 30 });
  expect(await first!.fleet.settled(id)).toMatchObject({ status: "expired" });
});

it("gives one task for one key", async () => {
  const [first, second] = await join(2);
  const request = { kind: "note", key: "monday's report" };
  const ids = [first!.fleet.submit(request), second!.fleet.submit(request), first!.fleet.submit(request)];
  expect(new Set(ids).size).toBe(1);
  const owned = [
    first!.fleet.submit({ ...request, mode: "owned" }),
    second!.fleet.submit({ ...request, mode: "owned" }),
  ];
  expect(new Set([...ids, ...owned]).size).toBe(3);
  expect(() => first!.fleet.submit({ ...request, mode: "quorum" })).toThrowError(
    expect.objectContaining({ code: "invalid-argument" }),
  );
});

it("shows progress and artefacts", async () => {
  const [first, second] = await join(2);
  let go = (): void => {};
  second!.fleet.register({ id: "anna" }).work("build", async (_input, run) => {
    run.progress(0.5, "half");
    await new Promise<void>((resolve) => {
      go = resolve;
    });
    run.artefact("out/report.txt");
  });
  const id = first!.fleet.submit({ kind: "build" });
  await until(() => first!.fleet.task(id)?.progress?.share === 0.5);
  go();
  expect(await first!.fleet.settled(id)).toMatchObject({
    artefacts: ["out/report.txt"],
    progress: { note: "half" },
  });
});

it("stops an agent gracefully: what runs ends, what waits goes elsewhere", async () => {
  const [first, second, third] = await join(3);
  const anna = second!.fleet.register({ id: "anna" }).work("slow", async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return "anna";
  });
  await until(() => first!.fleet.agents().length === 1);
  const ids = first!.fleet.submitMany([{ kind: "slow" }, { kind: "slow" }]);
  await until(() => first!.fleet.counters().tasks.running === 1);
  third!.fleet.register({ id: "bob" }).work("slow", () => "bob");
  await anna.stop();
  await until(() => ids.every((id) => first!.fleet.task(id)?.status === "done"));
  expect(ids.map((id) => first!.fleet.task(id)!.result)).toEqual(["anna", "bob"]);
  await until(() => first!.fleet.agents().find(({ id }) => id === "anna")?.state === "left");
});

it("hands over what it cares for when it leaves", async () => {
  const [first, second, third] = await join(3);
  const ids = (["eventual", "owned"] as const).map((mode) => second!.fleet.submit({ kind: "note", mode }));
  await until(() => ids.every((id) => first!.fleet.task(id) !== undefined));
  await second!.fleet.leave();
  third!.fleet.register({ id: "bob" }).work("note", () => "bob");
  await until(() => ids.every((id) => first!.fleet.task(id)?.status === "done"));
  expect(() => second!.fleet.submit({ kind: "note" })).toThrowError(
    expect.objectContaining({ code: "document-closed" }),
  );
});

it("keeps a result that cannot be stored from spoiling others", async () => {
  const [first, second] = await join(2);
  second!.fleet
    .register({ id: "anna", slots: 2 })
    .work("good", () => "fine")
    .work("bad", () => Symbol("no value") as unknown as string);
  const ids = first!.fleet.submitMany([{ kind: "good" }, { kind: "bad", attempts: 1 }]);
  const [good, bad] = await Promise.all(ids.map((id) => first!.fleet.settled(id)));
  expect(good).toMatchObject({ status: "done", result: "fine" });
  expect(bad).toMatchObject({ status: "dead" });
  expect(bad!.error).toContain("symbol");
});

it("refuses what does not fit", async () => {
  const [first] = await join(1);
  const { fleet } = first!;
  const code = (run: () => unknown): string | undefined => {
    try {
      run();
    } catch (error) {
      return isCrdtError(error) ? error.code : String(error);
    }
    return undefined;
  };
  expect(code(() => fleet.submit({ kind: "two words" }))).toBe("invalid-argument");
  expect(code(() => fleet.submit({ kind: "x".repeat(129) }))).toBe("invalid-argument");
  expect(code(() => fleet.submit({ kind: "note", attempts: 0 }))).toBe("invalid-argument");
  expect(code(() => fleet.submit({ kind: "note", electors: [fleet.seat] }))).toBe("invalid-argument");
  const electors = Array.from({ length: 32 }, (_, index) => `seat-${index}`);
  expect(code(() => fleet.submit({ kind: "note", mode: "quorum", electors }))).toBe("limit-exceeded");
  const many = Array.from({ length: 1025 }, (_, index) => `task-${index}`);
  expect(code(() => fleet.submit({ kind: "note", after: many }))).toBe("invalid-argument");
  const levels = Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`skill-${index}`, 1]));
  expect(code(() => fleet.submit({ kind: "note", requires: levels }))).toBe("invalid-argument");
  expect(code(() => fleet.submitMany(Array.from({ length: 100_001 }, () => ({ kind: "note" }))))).toBe(
    "limit-exceeded",
  );
  fleet.register({ id: "anna" });
  expect(code(() => fleet.register({ id: "anna" }))).toBe("invalid-argument");
  await expect(members(1, { leaseMs: 5_000 })).rejects.toMatchObject({ code: "invalid-argument" });
  await expect(fleet.settled("unknown")).rejects.toMatchObject({ code: "task-ended" });
});

it("explains why a task waits", async () => {
  const [first, second] = await join(2);
  const { fleet } = first!;
  const a = fleet.submit({ kind: "law", requires: { law: 0.5 } });
  const b = fleet.submit({ kind: "law", after: [a] });
  expect(fleet.explain(a)).toMatchObject({ why: "no agent: no-agent", carer: fleet.seat });
  expect(fleet.explain(b)).toMatchObject({ why: `it comes after ${a}`, waitsFor: [a] });
  second!.fleet.register({ id: "anna", skills: { law: 0.1 } }).work("law", () => {});
  await until(() => fleet.agents()[0]?.kinds.length === 1);
  expect(fleet.explain(a).why).toBe("no agent: skill");
  expect(fleet.explain(a).plan?.candidates[0]?.missing).toEqual([{ what: "skill", name: "law" }]);
  fleet.cancel(a, "not needed");
  expect(fleet.explain(a).why).toBe("cancelled: not needed");
  expect(fleet.explain(b).why).toContain("will not be done");
  expect(() => fleet.explain("unknown")).toThrowError(expect.objectContaining({ code: "task-ended" }));
});

it("keeps a trail that replays to the same state, and can be shortened", async () => {
  const [first, second] = await join(2);
  second!.fleet.register({ id: "anna", slots: 4 }).work("note", (input: number) => {
    if (input % 5 === 0) throw new Error("five");
    return input;
  });
  const requests = Array.from({ length: 30 }, (_, input) => ({
    kind: "note",
    input,
    attempts: 2,
    mode: (["eventual", "owned", "quorum"] as const)[input % 3]!,
    backoff: { baseMs: 10, mostMs: 10 },
  }));
  const ids = first!.fleet.submitMany(requests);
  await Promise.all(ids.map((id) => first!.fleet.settled(id)));
  await until(() => ids.every((id) => isOver(second!.fleet.task(id)!.status)));
  first!.fleet.archive(Number.POSITIVE_INFINITY);
  const documents = await Promise.all(all.map(({ replica }) => openFleet(replica)));
  await until(() => documents[0]!.digest() === documents[1]!.digest());
  for (const [index, document] of documents.entries()) {
    const { trail: _trail, beats: _beats, progress: _progress, ...maps } = document.toJSON();
    const replayed = replayTrail(all[index]!.fleet.trail());
    const held = Object.fromEntries(
      Object.entries(maps).filter(([, entries]) => Object.keys(entries as object).length > 0),
    );
    const kept = Object.fromEntries(
      Object.entries(replayed).filter(([, entries]) => Object.keys(entries).length > 0),
    );
    expect(JSON.parse(JSON.stringify(kept))).toEqual(JSON.parse(JSON.stringify(held)));
  }
  first!.fleet.truncateTrail(3);
  await until(() => second!.fleet.trail().length === 3);
});

it("archives what ended: nothing is left but how", async () => {
  const [first, second] = await join(2);
  second!.fleet.register({ id: "anna" }).work("note", () => "fine");
  const { fleet } = first!;
  const ids = fleet.submitMany([{ kind: "note", key: "once" }, { kind: "note" }]);
  const open = fleet.submit({ kind: "nobody", after: [ids[0]!] });
  await Promise.all(ids.map((id) => fleet.settled(id)));
  expect(fleet.archive(1)).toBe(0);
  expect(fleet.archive(Number.POSITIVE_INFINITY)).toBe(2);
  await until(() => second!.fleet.counters().archived === 2);
  expect(second!.fleet.counters().tasks).toEqual({ ready: 1 });
  expect(second!.fleet.task(ids[1]!)).toMatchObject({ status: "done", spec: undefined });
  expect(fleet.task(open)?.status).toBe("ready");
  const document = await openFleet(second!.replica);
  expect([document.specs.size, document.grants.size, document.outcomes.size]).toEqual([1, 0, 0]);
  // The key still names it, so that it does not run again.
  expect(fleet.submit({ kind: "note", key: "once" })).toBe(ids[0]);
  expect(fleet.counters().tasks).toEqual({ ready: 1 });
});

it("leaves out what strangers write, and counts it", async () => {
  const [first, second] = await join(2);
  second!.fleet.register({ id: "anna" }).work("note", () => "fine");
  const document = await openFleet(first!.replica);
  document.transact(() => {
    document.specs.set("strange", { kind: 7 });
    document.grants.set("no key", {});
    document.outcomes.set("strange 1 r", { kind: "perhaps" });
    document.votes.set("strange 1 r", null);
    document.orders.set("strange cancel", { kind: "cancel" });
    document.beats.set("seat", [1]);
    document.agents.set("bob", { seat: "s" });
    document.receipts.set("r", { batch: -1 });
    document.edges.set("one", {});
    document.archive.set("strange", { status: "ready" });
    document.progress.set("strange", 5);
    document.trail.append({ what: "nonsense" });
  });
  const id = first!.fleet.submit({ kind: "note" });
  expect(await first!.fleet.settled(id)).toMatchObject({ result: "fine" });
  expect(first!.fleet.counters().malformed).toBe(11);
  expect(first!.fleet.trail().every(({ writes }) => writes.length > 0)).toBe(true);
});

it("shares its places between tenants, whoever came first with however many", async () => {
  const [first] = await join(1);
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  first!.fleet.register({ id: "anna", slots: 4 }).work("note", async (_input, { spec }) => {
    begun.push(spec.tenant!);
    await new Promise<void>((resolve) => ends.push(resolve));
  });
  first!.fleet.submitMany(Array.from({ length: 300 }, () => ({ kind: "note", tenant: "many" })));
  await until(() => begun.length === 4);
  first!.fleet.submitMany(Array.from({ length: 20 }, () => ({ kind: "note", tenant: "few" })));
  for (let round = 0; round < 12; round++) {
    ends.shift()!();
    await until(() => begun.length === 5 + round);
  }
  const later = begun.slice(4);
  expect(later.slice(0, 2)).toEqual(["few", "few"]);
  expect(later.filter((tenant) => tenant === "few").length).toBeGreaterThanOrEqual(5);
  expect(later.filter((tenant) => tenant === "many").length).toBeGreaterThanOrEqual(4);
  for (const end of ends) end();
});

it("is joined once by a replica at a time", async () => {
  const [first] = await join(1);
  const again = () => joinFleet(first!.replica);
  await expect(again()).rejects.toMatchObject({ code: "invalid-argument" });
  const { seat } = first!.fleet;
  const numberOf = async () =>
    ((await openFleet(first!.replica)).beats.get(seat) as { number: number }).number;
  const before = await numberOf();
  await first!.fleet.leave();
  const fleet = await again();
  expect(fleet.seat).toBe(seat);
  expect(await numberOf()).toBeGreaterThan(before);
  expect(fleet.submit({ kind: "note" })).not.toBe("");
  await fleet.leave();
});

it("takes up again what ran when its replica was closed without leaving", async () => {
  const storage = await mkdtemp(joinPath(tmpdir(), "jarvis-agents-"));
  let signal: AbortSignal | undefined;
  const replica = await createReplica({ engine: "baseline", storage });
  const fleet = await joinFleet(replica, { leaseMs: 600, heartbeatMs: 200 });
  fleet.register({ id: "anna" }).work("note", (_input, run) => {
    signal = run.signal;
    return new Promise<void>(() => {});
  });
  const ids = (["eventual", "owned"] as const).map((mode) =>
    fleet.submit({ kind: "note", mode, input: mode }),
  );
  await until(() => signal !== undefined && fleet.counters().tasks.running === 1);
  await replica.close();
  await until(() => signal!.aborted);

  const again = await createReplica({ engine: "baseline", storage });
  expect(again.id).toBe(replica.id);
  const back = await joinFleet(again, { leaseMs: 600, heartbeatMs: 200 });
  const done: unknown[] = [];
  back.register({ id: "anna" }).work("note", (input) => void done.push(input));
  for (const id of ids) expect(await back.settled(id)).toMatchObject({ status: "done" });
  expect(done.sort()).toEqual(["eventual", "owned"]);
  await back.leave();
  await again.close();
  await rm(storage, { recursive: true, force: true });
});
