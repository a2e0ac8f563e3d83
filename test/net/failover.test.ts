// Real relays in processes of their own, killed in the middle of work: clients go on at the others, what was said to be
// durable is there when the dead come back, and counters are exact.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Connection } from "../../host/replica/ports.ts";
import { areEqual, createNode, type Node, openHome, pause, until } from "./fleet.ts";

const PROGRAM = "build/failover/relay-program.mjs";
const PATIENCE_MS = 90_000;
const folder = mkdtempSync(joinPath(tmpdir(), "jarvis-failover-"));
const running = new Set<ChildProcess>();

beforeAll(async () => {
  await build({
    entryPoints: ["test/net/relay-program.ts"],
    outfile: PROGRAM,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["source"],
    external: ["level", "ws"],
    logLevel: "error",
  });
});

afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

interface RelayProcess {
  readonly url: string;
  readonly child: ChildProcess;
}

async function startRelay(name: string, port = 0): Promise<RelayProcess> {
  const child = spawn(process.execPath, [PROGRAM, joinPath(folder, name), String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.add(child);
  const [text] = (await once(child.stdout!, "data")) as [Buffer];
  return { url: text.toString().trim(), child };
}

async function end(relay: RelayProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exited = once(relay.child, "exit");
  relay.child.kill(signal);
  const [code] = (await exited) as [number | null];
  running.delete(relay.child);
  return code;
}

it("relays killed mid-work lose nothing that was durable, and nobody counts twice", async () => {
  const relays = [await startRelay("one"), await startRelay("two")];
  const urls = relays.map(({ url }) => url);
  const nodes: Node[] = [createNode(1), createNode(2), createNode(3)];
  const homes = await Promise.all(nodes.map((node) => openHome(node)));
  // One holds both relays together, the others choose.
  const bridges: Connection[] = [];
  for (const url of urls) bridges.push(await nodes[2]!.replica.connect(url));
  const clients = [await nodes[0]!.replica.connect(urls), await nodes[1]!.replica.connect(urls)];
  const durable = [0, 0];
  let writes = 0;
  const write = async (rounds: number) => {
    for (let round = 0; round < rounds; round++, writes++) {
      for (const home of homes) home.visits.increment();
      for (const [index, client] of clients.entries()) {
        durable[index] = Math.max(durable[index]!, client.progress("home").durable);
      }
      await pause(3);
    }
  };
  for (let kill = 0; kill < 3; kill++) {
    await write(20);
    await clients[0]!.durable("home");
    const victim = urls.indexOf(clients[0]!.url);
    const before = writes;
    await end(relays[victim]!, "SIGKILL");
    await write(20);
    await until("a client has gone on elsewhere", () => clients[0]!.status === "open", PATIENCE_MS);
    await clients[0]!.synced("home");
    expect(writes).toBe(before + 20);
    relays[victim] = await startRelay(victim === 0 ? "one" : "two", Number(new URL(urls[victim]!).port));
  }
  await until("all agree", () => areEqual(nodes), PATIENCE_MS);
  for (const connection of [...bridges, ...clients]) await connection.durable("home");
  expect(homes.map(({ visits }) => visits.value)).toEqual([writes * 3, writes * 3, writes * 3]);
  for (const [index, client] of clients.entries()) {
    expect(client.progress("home").durable).toBe(writes);
    expect(durable[index]).toBeGreaterThan(0);
  }
  // What the relays have on disk, read by somebody who has nothing.
  for (const node of nodes) await node.hub.close();
  for (const url of urls) {
    const reader = createNode(9);
    const home = await openHome(reader);
    const connection = await reader.replica.connect(url);
    await connection.synced(home);
    expect(home.visits.value).toBe(writes * 3);
    await reader.hub.close();
  }
  for (const relay of relays) await end(relay, "SIGKILL");
}, 240_000);

it("a relay that is told to stop confirms, sends its clients away, and they come back to the next one there", async () => {
  const relay = await startRelay("three");
  const node = createNode(1);
  const home = await openHome(node);
  const connection = await node.replica.connect(relay.url);
  await connection.synced(home);
  const reasons: string[] = [];
  const durables: number[] = [];
  connection.onStatus((status) => {
    if (status !== "waiting") return;
    reasons.push(String((connection as never as { error?: Error }).error?.message));
    durables.push(connection.progress(home).durable);
  });
  for (let count = 0; count < 5; count++) home.visits.increment();
  await until("merged", () => connection.progress(home).merged === 5, PATIENCE_MS);
  expect(await end(relay, "SIGTERM")).toBe(0);
  await until("sent away", () => reasons.length > 0, PATIENCE_MS);
  expect(reasons[0]).toContain("1012");
  expect(reasons[0]).toMatch(/retry-after=\d+/);
  expect(durables[0]).toBe(5);
  const again = await startRelay("three", Number(new URL(relay.url).port));
  await until("back", () => connection.status === "open", PATIENCE_MS);
  home.visits.increment();
  await connection.durable(home);
  await node.hub.close();
  await end(again, "SIGKILL");
}, 240_000);
