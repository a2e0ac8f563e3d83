// Looking into a stored replica and into a relay: what is said is right, and nothing is changed by looking.

import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DocumentSummary } from "../../host/cli/inspect-command.ts";
import {
  counter,
  createReplica,
  type Document,
  log,
  map,
  type Replica,
  schema,
  set,
} from "../../host/index.ts";
import { run, start } from "./command-line.ts";

const Home = schema({
  visits: counter(),
  settings: map<Record<string, number>>(),
  tags: set<string>(),
  events: log<string>(),
});

let root: string;
let storage: string;
let replica: Replica;
let home: Document<typeof Home>;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "jarvis-inspect-test-"));
  storage = join(root, "store");
  replica = await createReplica({ storage, engine: "baseline" });
  home = await replica.open("home", Home);
  home.visits.increment(3);
  home.settings.set("a", 1);
  home.settings.set("b", 2);
  home.settings.delete("a");
  home.tags.addMany(["x", "y", "z"]);
  home.events.append("opened");
});

afterEach(async () => {
  await replica.close();
  await rm(root, { recursive: true, force: true });
});

/** Everything about the files below a folder that looking must not change. */
async function fingerprint(folder: string): Promise<string[]> {
  const lines: string[] = [];
  for (const path of (await readdir(folder, { recursive: true })).sort()) {
    const { mtimeMs, ctimeMs, size, ino } = await stat(join(folder, path));
    const isFile = (await stat(join(folder, path))).isFile();
    const digest = isFile
      ? createHash("sha256")
          .update(await readFile(join(folder, path)))
          .digest("hex")
      : "";
    lines.push([path, mtimeMs, ctimeMs, size, ino, digest].join(" "));
  }
  return lines;
}

describe("jarvis inspect FOLDER", () => {
  test("shows containers, sizes, vector and digest, and changes nothing", async () => {
    const digest = home.digest();
    const sequence = home.versionVector().get(replica.id);
    const { id } = replica;
    await replica.close();
    const before = await fingerprint(storage);
    const { status, stdout, stderr } = await run(["inspect", storage, "--json"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(await fingerprint(storage)).toEqual(before);
    const { documents } = JSON.parse(stdout) as { documents: DocumentSummary[] };
    expect(documents).toHaveLength(1);
    expect(documents[0]).toMatchObject({ name: "home", digest, versionVector: [{ replica: id, sequence }] });
    const sizes = documents[0]!.containers.map(({ name, type, size }) => `${name} ${type} ${size}`).sort();
    expect(sizes).toEqual(["events log 1", "settings map 1", "tags set 3", "visits counter 1"]);
    expect(documents[0]!.snapshotBytes).toBeGreaterThan(0);
  });

  test("says it in words as well", async () => {
    await replica.close();
    const { stdout } = await run(["inspect", storage]);
    expect(stdout).toMatch(/^document home {3}digest [0-9a-f]{16}$/m);
    expect(stdout).toMatch(/^ {2}tags +set +3 +3$/m);
  });

  test("refuses a folder that is in use, and leaves it to its owner", async () => {
    const { status, stderr } = await run(["inspect", storage]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error store-locked: [^\n]*in use by another process[^\n]*\n$/);
    home.visits.increment(1);
    await home.durable();
    expect(home.visits.value).toBe(4);
  });
});

describe("jarvis inspect URL", () => {
  test("joins a relay as a reader and shows what it has", async () => {
    const relay = start(["serve", "--port", "0", "--json"]);
    const [, url] = await relay.waitFor(/"relay":"([^"]+)"/);
    const connection = await replica.connect(url!);
    await connection.synced();
    const { status, stdout } = await run(["inspect", url!, "--document", "home", "--json"]);
    expect(status).toBe(0);
    const { documents } = JSON.parse(stdout) as { documents: DocumentSummary[] };
    expect(documents[0]).toMatchObject({ name: "home", digest: home.digest() });
    expect(documents[0]!.versionVector.map((row) => row.replica)).toEqual([replica.id]);
    relay.child.kill("SIGTERM");
    expect((await relay.finished).status).toBe(0);
  });
});
