// Readers and coordinator without processes: cut off from each other, behind each other's back, and in each other's way.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Coordinator } from "../../host/fleet/coordinator.ts";
import { countFolder } from "../../host/fleet/plain-count.ts";
import { PresenceBoard } from "../../host/fleet/presence.ts";
import { Reader, SET_ASIDE_MS } from "../../host/fleet/reader.ts";
import {
  type AgentPresence,
  Fleet,
  type FleetDocument,
  Presence,
  type PresenceDocument,
} from "../../host/fleet/schema.ts";
import { createReplica, type Replica } from "../../host/index.ts";
import { generateFolder } from "./generated-folder.ts";

vi.setConfig({ expect: { poll: { timeout: 10_000 } } });

interface Node {
  readonly replica: Replica;
  readonly fleet: FleetDocument;
  readonly presence: PresenceDocument;
}

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
  };
}

function sync(from: Node, to: Node): void {
  to.fleet.merge(from.fleet.deltaSince(to.fleet.versionVector()));
  to.presence.merge(from.presence.deltaSince(to.presence.versionVector()));
}

function coordinatorOf({ fleet, presence }: Node): Coordinator {
  return new Coordinator({ fleet, presence, folder, listing: {}, paceMs: 0, now: () => Date.now() });
}

function readerOf(node: Node, name: string): { reader: Reader; done: Promise<void> } {
  const { fleet, presence, replica } = node;
  const board = new PresenceBoard(presence, () => performance.now());
  const reader = new Reader({
    fleet,
    board,
    replica: replica.id,
    name,
    acknowledged: async () => {},
    onState: () => {},
    signal: stop.signal,
  });
  presence.agents.set(replica.id, { ...SOMEBODY, name });
  const done = reader.run();
  running.push(done);
  return { reader, done };
}

const SOMEBODY: AgentPresence = {
  name: "",
  role: "agent",
  pid: 1,
  engine: "baseline",
  state: "idle",
  beat: 1,
  files: 0,
  bytes: 0,
  words: 0,
  sequence: 0,
  known: 0,
  digest: "",
  run: 0,
  bytesSent: 0,
  bytesReceived: 0,
  lag: 0,
  roundTripMs: 0,
};

describe("the fleet without processes", () => {
  test("agents cut off from each other read everything three times, and it counts once", async () => {
    await generateFolder(folder, 12, 60);
    const hub = await open();
    const coordinator = coordinatorOf(hub);
    await coordinator.open();
    coordinator.begin();
    const nodes = [await open(), await open(), await open()];
    for (const node of nodes) sync(hub, node);
    const readers = nodes.map((node, index) => readerOf(node, `agent-${index}`));
    for (const { reader } of readers) await expect.poll(() => reader.files).toBe(12);
    stop.abort();
    await Promise.all(readers.map(({ done }) => done));

    for (const node of nodes) sync(node, hub);
    expect(coordinator.totals().files).toBe(36);
    await coordinator.finish(new AbortController().signal);
    expect(coordinator.corrections).toBe(12);
    expect(coordinator.totals()).toEqual(await countFolder(folder));
    expect(hub.fleet.ingestion.statistics()).toMatchObject({ instances: 12, byState: { recorded: 12 } });
    expect(hub.fleet.topics.vertices().filter((id) => id.startsWith("file:"))).toHaveLength(12);
    for (const node of nodes) sync(hub, node);
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
    sync(hub, dead);
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
    sync(dead, hub);
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
    sync(hub, killed);
    const late = readerOf(killed, "killed");
    const { reader } = readerOf(hub, "agent");
    await expect.poll(() => late.reader.files + reader.files).toBe(4);
    await coordinator.finish(new AbortController().signal);
    expect(coordinator.audit()).toBe(0);
    sync(killed, hub);
    expect(coordinator.totals().files).toBe(4);
    expect(coordinator.audit()).toBe(2);
    await coordinator.finish(new AbortController().signal);
    expect(coordinator.totals()).toEqual(await countFolder(folder));
    expect(coordinator.audit()).toBe(0);
  });

  test("an agent leaves alone what another live agent claims, and takes it when that one is silent", async () => {
    await generateFolder(folder, 4, 20);
    const node = await open();
    const coordinator = coordinatorOf(node);
    await coordinator.open();
    const claimed = [...node.fleet.work.keys()].sort().slice(0, 2);
    const other = "00000000000000ff";
    node.fleet.claims.set(other, { agent: "other", paths: claimed });
    node.presence.agents.set(other, { ...SOMEBODY, name: "other" });
    coordinator.begin();
    const { reader } = readerOf(node, "agent");
    await expect.poll(() => reader.files).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect([...node.fleet.files.keys()].filter((path) => claimed.includes(path))).toEqual([]);
    node.presence.agents.set(other, { ...SOMEBODY, name: "other", state: "lost", beat: 2 });
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
    await expect.poll(() => reader.files, { timeout: 2 * SET_ASIDE_MS }).toBe(1);
  });

  test("a file that was not as listed is set aside until it is listed again", async () => {
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
