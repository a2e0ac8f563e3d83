// Files as tasks: one for each version to read, none for what nobody wants any more, another one for what was given up.
import { afterEach, describe, expect, test, vi } from "vitest";
import { type AgentFleet, joinFleet } from "../../host/agents/index.ts";
import { Dispatch, READ_TASK, type ReadInput } from "../../host/fleet/dispatch.ts";
import { GENERALIST, readSkills, skillOf, skillsAt, skillsText } from "../../host/fleet/skills.ts";
import { createReplica, type Replica } from "../../host/index.ts";

vi.setConfig({ expect: { poll: { timeout: 10_000 } } });

const replicas: Replica[] = [];
afterEach(async () => {
  for (const replica of replicas.splice(0)) await replica.close();
});

async function open() {
  const replica = await createReplica({ engine: "baseline" });
  replicas.push(replica);
  const tasks = await joinFleet(replica, { leaseMs: 300, heartbeatMs: 100 });
  const versions = new Map<string, string>();
  const clock = { nowMs: 1_000_000 };
  const dispatch = new Dispatch({ tasks, published: (path) => versions.get(path), now: () => clock.nowMs });
  return { tasks, versions, dispatch, clock };
}

const openInputs = (tasks: AgentFleet): unknown[] => [...tasks.tasks("ready")].map(({ spec }) => spec?.input);

describe("files to read", () => {
  test("are one task each, however often they are looked at", async () => {
    const { tasks, versions, dispatch } = await open();
    versions.set("a.md", "1").set("b.ts", "1");
    for (let look = 0; look < 3; look++) dispatch.update(new Set(["a.md", "b.ts"]));
    expect(openInputs(tasks)).toEqual([
      { path: "a.md", digest: "1" },
      { path: "b.ts", digest: "1" },
    ]);
    expect([...tasks.tasks()].map(({ spec }) => spec?.prefers)).toEqual([{ prose: 1 }, { code: 1 }]);
  });

  test("are withdrawn when they change or go, and given anew as they are then", async () => {
    const { tasks, versions, dispatch } = await open();
    versions.set("a.md", "1").set("gone.md", "1");
    dispatch.update(new Set(["a.md", "gone.md"]));
    versions.set("a.md", "2").delete("gone.md");
    dispatch.update(new Set(["a.md"]));
    expect(openInputs(tasks)).toEqual([{ path: "a.md", digest: "2" }]);
    expect([...tasks.tasks("cancelled")]).toHaveLength(2);
  });

  test("are given again where a task ended and no record came for a while", async () => {
    const { tasks, versions, dispatch, clock } = await open();
    versions.set("a.md", "1");
    dispatch.update(new Set(["a.md"]));
    const read: ReadInput[] = [];
    tasks.register({ id: "reader" }).work<ReadInput, void>(READ_TASK, (input) => void read.push(input));
    await expect.poll(() => [...tasks.tasks("done")].length).toBe(1);
    expect(dispatch.isDue).toBe(false);
    dispatch.update(new Set(["a.md"]));
    expect([...tasks.tasks()]).toHaveLength(1);
    clock.nowMs += 2_001;
    expect(dispatch.isDue).toBe(true);
    dispatch.update(new Set(["a.md"]));
    await expect.poll(() => read.length).toBe(2);
    dispatch.update(new Set());
    expect(dispatch.isDue).toBe(false);
  });

  test("of an earlier run are withdrawn", async () => {
    const { tasks } = await open();
    tasks.submit({ kind: READ_TASK, input: { path: "old.md", digest: "1" } });
    new Dispatch({ tasks, published: () => undefined, now: () => Date.now() + 1_000 });
    expect([...tasks.tasks()]).toEqual([]);
    expect(tasks.counters()).toMatchObject({ archived: 1 });
  });
});

describe("skills", () => {
  test("go by what a file is called", () => {
    const kinds = ["notes/a.MD", "a.ts", "data.csv", "run.log", "Makefile"].map(skillOf);
    expect(kinds).toEqual(["prose", "code", "data", "data", "code"]);
  });

  test("differ between four agents and repeat with the fifth", () => {
    expect(new Set([0, 1, 2, 3].map((place) => skillsText(skillsAt(place)))).size).toBe(4);
    expect(skillsAt(4)).toEqual(skillsAt(0));
  });

  test("are read as they are written, and nothing else is", () => {
    expect(readSkills(skillsText(GENERALIST))).toEqual(GENERALIST);
    expect(readSkills("code=1")).toEqual({ code: 1 });
    for (const text of ["", "code", "code=", "code=2", "code=-1", "cooking=1", "code=1=1", "toString=1"])
      expect(readSkills(text), text).toBeUndefined();
  });
});
