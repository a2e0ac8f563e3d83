// `jarvis submit`, `tasks` and `explain` against a relay with one agent, and against the folder that is left.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { FleetCounters, ListedAgent, TaskExplanation, TaskReport } from "../../host/agents/index.ts";
import { type Running, start } from "./command-line.ts";

let folder: string;
let relay: Running;
let agent: Running;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jarvis-tasks-"));
  relay = start(["serve", "--port", "0", "--data", folder, "--json"]);
  [, url = ""] = await relay.waitFor(/"relay":\s*"(ws:[^"]+)"/);
  agent = start(["agent", url, "--name", "ada", "--skills", "code=1,prose=0.2", "--json"]);
  await agent.waitFor(/"joined"/);
}, 60_000);

afterAll(async () => {
  for (const process of [agent, relay]) process.child.kill("SIGTERM");
  await relay.finished;
  await rm(folder, { recursive: true, force: true });
});

async function run<Result>(...words: string[]): Promise<{ status: number | null; result: Result }> {
  const { status, stdout, stderr } = await start([...words, "--json"]).finished;
  expect(stderr).toBe("");
  return { status, result: JSON.parse(stdout) as Result };
}

it("a task that nobody can do waits, and is explained; one that fails says why", async () => {
  const greet = await run<TaskReport>(
    "submit",
    url,
    "greet",
    "--input",
    '{"name":"Ada"}',
    "--priority",
    "high",
  );
  expect(greet).toMatchObject({
    status: 0,
    result: { status: "ready", spec: { priority: 3, input: { name: "Ada" } } },
  });
  const { id } = greet.result;

  const { result } = await run<{ explanation: TaskExplanation }>("explain", url, id);
  expect(result.explanation).toMatchObject({
    why: "no agent: skill",
    plan: { status: "waiting", reason: "skill" },
  });
  expect(result.explanation.plan?.candidates).toMatchObject([
    { agent: "ada", missing: [{ what: "skill", name: "kind greet" }] },
  ]);

  const input = JSON.stringify({ path: "not/there.md", digest: "0" });
  const read = await run<TaskReport>("submit", url, "read", "--input", input, "--wait", "3s");
  expect(read.status).toBe(1);

  const tasks = await run<{ agents: ListedAgent[]; tasks: TaskReport[]; counters: FleetCounters }>(
    "tasks",
    url,
  );
  expect(tasks.result.agents).toMatchObject([
    { id: "ada", kinds: ["read"], skills: { code: 1, prose: 0.2, data: 0.7 }, slots: 8 },
  ]);
  expect(tasks.result.counters.duplicates).toBe(0);
  const failed = tasks.result.tasks.find((task) => task.id === read.result.id);
  expect(failed?.attempts).toBeGreaterThan(0);
  expect(failed?.error).toMatch(/refused: /);

  const { stdout } = await start(["tasks", url, "--status", "ready", "--last", "1"]).finished;
  expect(stdout).toMatch(/agent {2}state .*\nada {4}active .*\n/);
  expect(stdout).toContain("greet");
}, 60_000);

it("a task that is not known is said so", async () => {
  const { status, stderr } = await start(["explain", url, "nobody-1"]).finished;
  expect(status).toBe(2);
  expect(stderr).toContain('no task "nobody-1" is known here');
}, 60_000);

it("input that is no JSON is refused before anything is written", async () => {
  const { status, stderr } = await start(["submit", url, "greet", "--input", "{name"]).finished;
  expect(status).toBe(2);
  expect(stderr).toContain("--input {name: give JSON");
}, 60_000);
