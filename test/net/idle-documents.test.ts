import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createReplica, map, type Replica, schema } from "../../host/index.ts";
import { type Relay, serve } from "../../host/relay.ts";
import { hostOf } from "../../host/replica/replica.ts";

const Notes = schema({ notes: map<{ [key: string]: string }>() });
const IDLE_MS = 40;
const folders: string[] = [];
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function relayWith(
  storage: boolean,
  idleDocumentMs = IDLE_MS,
): Promise<{ replica: Replica; relay: Relay }> {
  const folder = mkdtempSync(join(tmpdir(), "idle-documents-"));
  folders.push(folder);
  const replica = await createReplica(storage ? { storage: folder } : {});
  const relay = await serve(replica, { port: 0, idleDocumentMs });
  closing.push(() => replica.close());
  closing.push(() => relay.close());
  return { replica, relay };
}

async function visit(relay: Relay, write: (key: string) => string | undefined): Promise<string | undefined> {
  const replica = await createReplica();
  const { notes } = await replica.open("notes", Notes);
  const connection = await replica.connect(relay.url);
  await connection.synced();
  const value = write("a");
  if (value !== undefined) notes.set("a", value);
  await connection.synced();
  const found = notes.get("a");
  await replica.close();
  return found;
}

const openIn = (replica: Replica): string[] => [...hostOf(replica).documents()].map(({ name }) => name);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function untilClosed(replica: Replica): Promise<void> {
  while (openIn(replica).length > 0) await pause(5);
}

test("a document that no connection carries is closed, and comes back from the store", async () => {
  const { replica, relay } = await relayWith(true);
  await visit(relay, () => "kept");
  expect(openIn(replica)).toEqual(["notes"]);
  await untilClosed(replica);
  expect(await visit(relay, () => undefined)).toBe("kept");
});

test("one that a connection or the application still uses stays open", async () => {
  const { replica, relay } = await relayWith(true);
  const own = await replica.open("own", Notes);
  const peer = await createReplica();
  closing.push(() => peer.close());
  await peer.open("carried", Notes);
  await peer.open("own", Notes);
  const connection = await peer.connect(relay.url);
  await connection.synced();
  await visit(relay, () => "x");
  while (openIn(replica).includes("notes")) await pause(5);
  expect(openIn(replica).sort()).toEqual(["carried", "own"]);
  await connection.close();
  while (openIn(replica).includes("carried")) await pause(5);
  await pause(3 * IDLE_MS);
  expect(openIn(replica)).toEqual(["own"]);
  own.notes.set("a", "still");
  expect(own.notes.get("a")).toBe("still");
});

test("one that is carried again before its time stays open", async () => {
  const idleMs = 1_500;
  const { replica, relay } = await relayWith(true, idleMs);
  await visit(relay, () => "first");
  const [core] = hostOf(replica).documents();
  const peer = await createReplica();
  closing.push(() => peer.close());
  await peer.open("notes", Notes);
  await (await peer.connect(relay.url)).synced();
  await pause(idleMs + 200);
  expect([...hostOf(replica).documents()]).toEqual([core]);
  expect(core!.isClosed).toBe(false);
});

test("without a store nothing is closed: it would be lost", async () => {
  const { replica, relay } = await relayWith(false);
  await visit(relay, () => "kept");
  await pause(4 * IDLE_MS);
  expect(openIn(replica)).toEqual(["notes"]);
  expect(await visit(relay, () => undefined)).toBe("kept");
});
