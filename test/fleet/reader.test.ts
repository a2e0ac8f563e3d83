// Readers and coordinator without processes: cut off from each other, behind each other's back, and in each other's way.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FleetSchema } from "../../host/agents/fleet-document.ts";
import { type AgentFleet, joinFleet } from "../../host/agents/index.ts";
import { Coordinator } from "../../host/fleet/coordinator.ts";
import { READ_TASK, type ReadInput } from "../../host/fleet/dispatch.ts";
import { countFolder } from "../../host/fleet/plain-count.ts";
import { Reader } from "../../host/fleet/reader.ts";
import {
  Fleet,
  type FleetDocument,
  Presence,
  type PresenceDocument,
  TASKS_DOCUMENT,
} from "../../host/fleet/schema.ts";
import { GENERALIST } from "../../host/fleet/skills.ts";
import { createReplica, type Replica } from "../../host/index.ts";
import { generateFolder } from "./generated-folder.ts";

vi.setConfig({ expect: { poll: { timeout: 10_000 } } });

interface Node {
  readonly replica: Replica;
  readonly fleet: FleetDocument;
  readonly presence: PresenceDocument;
  readonly tasks: AgentFleet;
}

/** Who is not heard of for so long is taken for gone. */
const LEASE_MS = 300;

let folder: string;
let stop: AbortController;
const replicas: Replica[] = [];
const running: Promise<void>[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "jarvis-reader-"));
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await Promise.all(running.splice(0));
  for (const replica of replicas.splice(0)) await replica.close();
  await rm(folder, { recursive: true, force: true });
});

async function open(): Promise<Node> {
  const replica = await createReplica({ engine: "baseline" });
  replicas.push(replica);
  return {
    replica,
    fleet: await replica.open("fleet", Fleet),
    presence: await replica.open("fleet-presence", Presence),
    tasks: await joinFleet(replica, {
      document: TASKS_DOCUMENT,
      leaseMs: LEASE_MS,
      heartbeatMs: LEASE_MS / 3,
    }),
  };
}

async function sync(from: Node, to: Node): Promise<void> {
  to.fleet.merge(from.fleet.deltaSince(to.fleet.versionVector()));
  to.presence.merge(from.presence.deltaSince(to.presence.versionVector()));
  const [source, target] = [
    await from.replica.open(TASKS_DOCUMENT, FleetSchema),
    await to.replica.open(TASKS_DOCUMENT, FleetSchema),
  ];
  target.merge(source.deltaSince(target.versionVector()));
}

function coordinatorOf({ fleet, presence, tasks }: Node): Coordinator {
  return new Coordinator({ fleet, presence, tasks, folder, listing: {}, paceMs: 0, now: () => Date.now() });
}

function readerOf({ fleet, tasks }: Node, name: string): { reader: Reader; done: Promise<void> } {
  const reader = new Reader({
    fleet,
    tasks,
    name,
    skills: GENERALIST,
    onState: () => {},
    signal: stop.signal,
  });
  const done = reader.run();
  running.push(done);
  return { reader, done };
}

describe("the fleet without processes", () => {
  test("agents cut off from each other read everything three times, and it counts once", async () => {
    await generateFolder(folder, 12, 60);
    const hub = await open();
    const coordinator = coordinatorOf(hub);
    await coordinator.open();
    coordinator.begin();
    const nodes = [await open(), await open(), await open()];
    for (const node of nodes) await sync(hub, node);
    const readers = nodes.map((node, index) => readerOf(node, `agent-${index}`));
    for (const { reader } of readers) await expect.poll(() => reader.files).toBe(12);
    stop.abort();
    await Promise.all(readers.map(({ done }) => done));

    for (const node of nodes) await sync(node, hub);
    expect(coordinator.totals().files).toBe(36);
    await coordinator.finish(new AbortController().signal);
    expect(coordinator.corrections).toBe(12);
    expect(coordinator.totals()).toEqual(await countFolder(folder));
    expect(hub.fleet.ingestion.statistics()).toMatchObject({ instances: 12, byState: { recorded: 12 } });
    expect(hub.fleet.topics.vertices().filter((id) => id.startsWith("file:"))).toHaveLength(12);
    for (const node of nodes) await sync(hub, node);
    expect(new Set([hub, ...nodes].map((node) => node.fleet.digest())).size).toBe(1);
  });

  test("unsent work of a dead agent that comes back after the file changed is put right, terms and all", async () => {
    await writeFile(join(folder, "a.md"), "old words nobodyelse says");
    await writeFile(join(folder, "b.md"), "words that stay");
    const hub = await open();
    const first = coordinatorOf(hub);
    await first.open();
    first.begin();
    const dead = await open();
    await sync(hub, dead);
    const { reader, done } = readerOf(dead, "dead");
    await expect.poll(() => reader.files).toBe(2);
    stop.abort();
    await done;

    await writeFile(join(folder, "a.md"), "new");
    stop = new AbortController();
    const second = coordinatorOf(hub);
    await second.open();
    second.begin();
    const living = readerOf(hub, "living");
    await expect.poll(() => living.reader.files).toBe(2);
    await sync(dead, hub);
    await second.finish(new AbortController().signal);
    stop.abort();
    await living.done;
    expect(second.totals()).toEqual(await countFolder(folder));
    expect(hub.fleet.terms.has("nobodyelse")).toBe(false);
    expect(hub.fleet.ingestion.statistics().byState).toEqual({ recorded: 2 });
  });

  test("unsent work that arrives after the end is put right at the next look", async () => {
    await generateFolder(folder, 2, 20);
    const hub = await open();
    const coordinator = coordinatorOf(hub);
    await coordinator.open();
    coordinator.begin();
    const killed = await open();
    await sync(hub, killed);
    const late = readerOf(killed, "killed");
    const { reader } = readerOf(hub, "agent");
    await expect.poll(() => late.reader.files + reader.files).toBe(4);
    await coordinator.finish(new AbortController().signal);
    expect(coordinator.audit()).toBe(0);
    await sync(killed, hub);
    expect(coordinator.totals().files).toBe(4);
    expect(coordinator.audit()).toBe(2);
    await coordinator.finish(new AbortController().signal);
    expect(coordinator.totals()).toEqual(await countFolder(folder));
    expect(coordinator.audit()).toBe(0);
  });

  test("files go to the agent that is better at them, and to others when that one is gone", async () => {
    await generateFolder(folder, 4, 20);
    const node = await open();
    const coordinator = coordinatorOf(node);
    await coordinator.open();
    const better = node.tasks.register({ id: "better", skills: { prose: 1, code: 1, data: 1 }, slots: 8 });
    const given: string[] = [];
    better.work(READ_TASK, async (input) => {
      given.push((input as ReadInput).path);
      await new Promise(() => {});
    });
    const { reader } = readerOf(node, "agent");
    coordinator.begin();
    await expect.poll(() => given.length).toBe(4);
    expect(reader.files).toBe(0);
    await better.stop(0);
    await expect.poll(() => reader.files).toBe(4);
  });

  test("a file that changed and changed back is read all the same", async () => {
    await writeFile(join(folder, "a.md"), "as listed");
    const node = await open();
    const coordinator = coordinatorOf(node);
    await coordinator.open();
    await writeFile(join(folder, "a.md"), "something else");
    coordinator.begin();
    const { reader } = readerOf(node, "agent");
    await expect.poll(() => node.fleet.history.entries().at(-1)?.value.what).toBe("changed");
    await writeFile(join(folder, "a.md"), "as listed");
    await expect.poll(() => reader.files, { timeout: 8_000 }).toBe(1);
  });

  test("a file that was not as listed is read when it is listed again", async () => {
    await generateFolder(folder, 3, 20);
    const node = await open();
    const coordinator = coordinatorOf(node);
    await coordinator.open();
    const path = [...node.fleet.work.keys()].sort()[0]!;
    await writeFile(join(folder, path), "changed after it was listed");
    coordinator.begin();
    const { reader } = readerOf(node, "agent");
    await coordinator.finish(new AbortController().signal);
    expect(reader.files).toBe(3);
    expect(node.fleet.history.entries().some(({ value }) => value.what === "changed")).toBe(true);
    const steps = node.fleet.ingestion.history(path).map(({ transition }) => transition);
    expect(steps).toEqual([undefined, "claim", "fail", "claim", "read", "record"]);
    expect(coordinator.totals()).toEqual(await countFolder(folder));
  });
});
