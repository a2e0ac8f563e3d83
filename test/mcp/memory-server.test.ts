// `jarvis mcp` as whoever uses it sees it: the tools, the wall of its scope, two servers that share through a relay.
import { execFile, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { SCOPE_PART_BYTES_MAX, TURN_TEXT_LENGTH_MAX } from "../../host/limits.ts";
import type { Fact, ForgetRecord, HistoryPage, SearchHit, Session } from "../../host/memory/index.ts";
import { program, type Running, start } from "../cli/command-line.ts";
import { type MemoryClient, startMemoryClient } from "./memory-clients.ts";

const root = join(import.meta.dirname, "../..");
const LIMIT_MS = 60_000;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jarvis-mcp-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const turn = (text: string, session = "monday") => ({ session, speaker: "Ann", text });
const words = async (server: MemoryClient, query: string, input: Record<string, unknown> = {}) => {
  const { hits } = await server.ask<{ hits: SearchHit[] }>("search", { query, ...input });
  return hits.map((hit) => (hit.kind === "turn" ? hit.turn.text : hit.fact.object));
};

describe("one server", () => {
  it("answers by each tool, and keeps what it was told", { timeout: LIMIT_MS }, async () => {
    const place = ["--data", join(folder, "one"), "--user", "ann"];
    const server = await startMemoryClient(...place);
    const { tools } = await server.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(
      "add search list update forget profile facts context sessions".split(" "),
    );

    const { ids } = await server.ask<{ ids: string[] }>("add", {
      turns: [turn("We went sailing on the lake."), turn("I bought a bicycle.", "friday")],
    });
    expect(ids).toHaveLength(2);
    expect((await words(server, "sailing"))[0]).toBe("We went sailing on the lake.");
    const plain = await server.ask<{ hits: SearchHit[] }>("search", { query: "bicycle", k: 1 });
    expect(plain.hits[0]).not.toHaveProperty("why");
    const { hits } = await server.ask<{ hits: SearchHit[] }>("search", { query: "bicycle", explain: true });
    expect(hits[0]!.why.parts.own).toBeGreaterThan(0);

    const last = await server.ask<HistoryPage>("list", { limit: 1 });
    expect(last.turns.map(({ text }) => text)).toEqual(["I bought a bicycle."]);
    const before = await server.ask<HistoryPage>("list", { before: last.cursor });
    expect(before.turns.map(({ id }) => id)).toEqual([ids[0]]);

    expect(await server.ask("update", { id: ids[1], text: "I bought a tandem.", pinned: true })).toEqual({
      isThere: true,
    });
    const { turns } = await server.ask<HistoryPage>("list", { session: "friday" });
    expect(turns).toMatchObject([{ text: "I bought a tandem.", isPinned: true }]);
    expect(await server.ask("update", { id: "t-nobody", text: "" })).toEqual({ isThere: false });

    const set = { name: "Ann", address: { city: "Oslo" } };
    const { profile } = await server.ask<{ profile: unknown }>("profile", { set });
    expect(await server.ask("profile")).toEqual({ profile });
    expect(JSON.stringify(profile)).toContain("Oslo");

    const lives = { subject: "Ann", predicate: "lives in", object: "Oslo", validFromMs: 1_000 };
    const { facts } = await server.ask<{ facts: Fact[] }>("facts", {
      add: [lives, { ...lives, object: "Rome", validFromMs: 2_000 }],
    });
    expect(facts).toMatchObject([{ object: "Oslo", validToMs: 2_000 }, { object: "Rome" }]);
    const then = await server.ask<{ facts: Fact[] }>("facts", { subject: "Ann", asOfMs: 1_500 });
    expect(then.facts).toMatchObject([{ object: "Oslo" }]);

    const context = await server.ask<{ text: string }>("context", {
      query: "Who went sailing?",
      tokens: 100,
    });
    expect(context.text).toContain("Ann: We went sailing on the lake.");
    const { sessions } = await server.ask<{ sessions: Session[] }>("sessions");
    expect(sessions.map(({ session }) => session).sort()).toEqual(["friday", "monday"]);

    const mark = await server.ask<ForgetRecord>("forget", { session: "monday", reason: "asked" });
    expect(mark).toMatchObject({ count: 1, reason: "asked", session: "monday" });
    expect(await words(server, "sailing lake", { kind: "turn" })).toEqual([]);
    await server.close();

    const again = await startMemoryClient(...place);
    expect(await words(again, "tandem", { kind: "turn" })).toEqual(["I bought a tandem."]);
    expect(await words(again, "sailing lake", { kind: "turn" })).toEqual([]);
    expect([...server.noise, ...again.noise]).toEqual([]);
    await again.close();
    const stored = await bytesBelow(join(folder, "one"));
    expect([stored.includes("tandem"), stored.includes("sailing")]).toEqual([true, false]);
  });

  it("answers wrong calls with an error and goes on", { timeout: LIMIT_MS }, async () => {
    const server = await startMemoryClient("--user", "ann");
    const long = "x".repeat(TURN_TEXT_LENGTH_MAX + 1);
    const name = "n".repeat(SCOPE_PART_BYTES_MAX + 1);
    for (const [tool, input] of [
      ["add", {}],
      ["add", { turns: [] }],
      ["add", { turns: [turn(long)] }],
      ["add", { turns: [turn("kept"), { ...turn("other"), timeMs: -1 }] }],
      ["add", { turns: [turn("kept")], extra: 1 }],
      ["search", { query: "kept", k: 0 }],
      ["search", { query: "kept", k: 10_001 }],
      ["search", { query: 7 }],
      ["search", { query: "kept", kind: "song" }],
      ["list", { speaker: name }],
      ["context", { query: "kept", tokens: -1 }],
      ["facts", { add: [{ subject: "Ann" }] }],
    ] as const) {
      expect(await server.refusal(tool, input)).toMatch(/Invalid arguments/);
    }
    // Within what a schema can say, and refused by the memory.
    const wide = { ...turn("a"), speaker: "é".repeat(SCOPE_PART_BYTES_MAX / 2) };
    expect(await server.refusal("add", { turns: [wide] })).toMatch(/^error limit-exceeded: speaker/);
    expect(await server.refusal("add", { turns: [{ ...turn("a"), timeMs: 9e15 }] })).toMatch(
      /^error invalid-argument: timeMs/,
    );
    expect(await server.refusal("forget")).toMatch(/^error invalid-argument: say what to forget/);
    expect(await server.refusal("forget", { all: true, session: "a" })).toMatch(/^error invalid-argument/);
    expect(await server.refusal("update", { id: "t" })).toMatch(/^error invalid-argument: nothing to update/);
    expect(await server.refusal("dance")).toMatch(/dance/);
    await expect(server.client.request({ method: "dance" } as never, z.any())).rejects.toThrow(/not found/);

    expect(await server.ask("list")).toMatchObject({ turns: [] });
    await server.ask("add", { turns: [turn("y".repeat(TURN_TEXT_LENGTH_MAX))] });
    expect((await server.ask<HistoryPage>("list")).turns).toHaveLength(1);
    expect(server.noise).toEqual([]);
    await server.close();
  });
});

describe("a wall", () => {
  it("holds against calls that name another scope", { timeout: LIMIT_MS }, async () => {
    const data = join(folder, "wall");
    const open = await startMemoryClient("--data", data);
    const { tools } = await open.client.listTools();
    const fields = Object.keys(tools[0]!.inputSchema.properties ?? {});
    expect(fields).toEqual(["tenant", "user", "agent", "run", "turns"]);
    expect(await open.refusal("list")).toMatch(/^error invalid-argument: a scope names nobody/);
    const { ids } = await open.ask<{ ids: string[] }>("add", {
      user: "ann",
      agent: "spy",
      turns: [turn("secret")],
    });
    await open.ask("add", { user: "ann", agent: "guide", turns: [turn("known")] });
    await open.ask("add", { user: "bob", turns: [turn("secret")] });
    await open.ask("add", { tenant: "acme", user: "ann", agent: "guide", turns: [turn("secret")] });
    expect(await words(open, "secret", { user: "bob" })).toEqual(["secret"]);
    await open.close();

    const walled = await startMemoryClient("--data", data, "--user", "ann", "--agent", "guide");
    for (const part of ["tenant", "user", "agent"]) {
      for (const value of ["bob", "spy", "acme", "ann"])
        expect(await walled.refusal("list", { [part]: value })).toMatch(/Invalid arguments/);
    }
    expect(await words(walled, "secret known")).toEqual(["known"]);
    expect(await words(walled, "secret known", { run: "other" })).toEqual([]);
    expect(await walled.ask("update", { id: ids[0], text: "changed" })).toEqual({ isThere: false });
    expect(await walled.ask("forget", { records: ids })).toMatchObject({ count: 0 });
    expect(await walled.ask("forget", { all: true })).toMatchObject({ count: 1 });
    await walled.close();

    const after = await startMemoryClient("--data", data);
    expect(await words(after, "secret known", { user: "ann" })).toEqual(["secret"]);
    expect(await words(after, "secret", { user: "bob" })).toEqual(["secret"]);
    expect(await words(after, "secret", { tenant: "acme", user: "ann" })).toEqual(["secret"]);
    await after.close();
  });
});

describe("two servers and a relay", () => {
  let relay: Running;
  let url: string;

  const startRelay = async (port: string): Promise<void> => {
    relay = start(["serve", "--port", port, "--data", join(folder, "relay"), "--json"]);
    [, url = ""] = await relay.waitFor(/"relay":\s*"(ws:[^"]+)"/);
  };
  const stopRelay = async (): Promise<void> => {
    relay.child.kill("SIGTERM");
    await relay.finished;
  };

  beforeAll(() => startRelay("0"), LIMIT_MS);
  afterAll(stopRelay);

  it("see each other's turns, and forget together", { timeout: LIMIT_MS }, async () => {
    const place = (name: string) => ["--data", join(folder, name), "--relay", url, "--user", "ann"];
    const [left, right] = await Promise.all([
      startMemoryClient(...place("left")),
      startMemoryClient(...place("right")),
    ]);
    const { ids } = await left.ask<{ ids: string[] }>("add", { turns: [turn("We went sailing.")] });
    await expect.poll(() => words(right, "sailing"), { timeout: 10_000 }).toEqual(["We went sailing."]);
    await right.ask("add", { turns: [turn("I bought a bicycle.")] });
    await expect.poll(() => words(left, "bicycle"), { timeout: 10_000 }).toContain("I bought a bicycle.");

    expect(await right.ask("forget", { records: ids })).toMatchObject({ count: 1 });
    expect(await words(right, "sailing")).toEqual([]);
    await expect.poll(() => words(left, "sailing"), { timeout: 10_000 }).toEqual([]);
    expect((await left.ask<HistoryPage>("list")).turns.map(({ text }) => text)).toEqual([
      "I bought a bicycle.",
    ]);
    await Promise.all([left.close(), right.close()]);
    const stored = await bytesBelow(join(folder, "right"));
    expect([stored.includes("bicycle"), stored.includes("sailing")]).toEqual([true, false]);

    // One that was never there gets what is left from the relay.
    const late = await startMemoryClient("--relay", url, "--user", "ann");
    expect(await words(late, "sailing bicycle")).toEqual(["I bought a bicycle."]);
    await late.close();
  });

  it("go on without the relay, and meet when it is back", { timeout: LIMIT_MS }, async () => {
    const left = await startMemoryClient("--relay", url, "--agent", "left");
    const right = await startMemoryClient("--relay", url);
    await left.ask("sessions");
    await stopRelay();
    await left.ask("add", { turns: [turn("We went sailing.")] });
    expect(await words(left, "sailing")).toEqual(["We went sailing."]);
    // An owner that this server has not opened yet.
    expect(await words(right, "sailing", { agent: "left" })).toEqual([]);
    await startRelay(new URL(url).port);
    await expect
      .poll(() => words(right, "sailing", { agent: "left" }), { timeout: 30_000 })
      .toEqual(["We went sailing."]);
    await Promise.all([left.close(), right.close()]);
  });
});

it("without the kit of the protocol it says what to install", { timeout: LIMIT_MS }, async () => {
  const bare = join(folder, "bare");
  await mkdir(join(bare, "node_modules"), { recursive: true });
  await cp(join(root, "package.json"), join(bare, "package.json"));
  await cp(join(program, "../.."), join(bare, "dist"), { recursive: true });
  for (const name of await readdir(join(root, "node_modules"))) {
    if (name === "@modelcontextprotocol" || name.startsWith(".")) continue;
    await symlink(join(root, "node_modules", name), join(bare, "node_modules", name));
  }
  const outcome = await new Promise<{ code: unknown; stderr: string; stdout: string }>((resolve) => {
    execFile(process.execPath, [join(bare, "dist/cli/main.js"), "mcp"], (error, stdout, stderr) =>
      resolve({ code: error?.code, stdout, stderr }),
    );
  });
  expect(outcome).toMatchObject({ code: 1, stdout: "" });
  expect(outcome.stderr.split(/[ :]/)[1]).toBe("package-missing");
  expect(outcome.stderr).toContain("npm install @modelcontextprotocol/sdk zod");
});

it("says on standard error what it cannot read, goes on, and answers all before its end", {
  timeout: LIMIT_MS,
}, async () => {
  const child = spawn(process.execPath, [program, "mcp", "--user", "ann"]);
  const [heard, said] = [text(child.stdout), text(child.stderr)];
  child.stdin.write("no JSON\n");
  const send = (id: number, method: string, params: object) =>
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
  send(1, "ping", {});
  send(2, "tools/call", { name: "add", arguments: { turns: [turn("last words")] } });
  child.stdin.end();
  const answers = (await heard).trim().split("\n");
  expect(answers[0]).toBe('{"result":{},"jsonrpc":"2.0","id":1}');
  expect(answers[1]).toMatch(/ids.*"id":2/);
  expect(await said).toMatch(/^[^\n]*JSON[^\n]*\n$/);
});

/** Everything in the files below a folder, as text that keeps ASCII. */
async function bytesBelow(path: string): Promise<string> {
  const files = await readdir(path, { recursive: true, withFileTypes: true });
  const texts = files
    .filter((file) => file.isFile())
    .map((file) => readFile(join(file.parentPath, file.name), "latin1"));
  return (await Promise.all(texts)).join("\n");
}
