// The main job as a user runs it: processes over loopback sockets, folders on disk, real kills.

import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Outcome } from "../../host/cli/outcome.ts";
import { type Finished, type Running, run, start } from "../cli/command-line.ts";
import { generatedText, generateFolder } from "./generated-folder.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let root: string;
let folder: string;
let data: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "jarvis-fleet-"));
  folder = join(root, "texts");
  data = join(root, "data");
});

afterEach(() => rm(root, { recursive: true, force: true }));

function words(...more: string[]): string[] {
  return ["start", "--folder", folder, "--data", data, "--port", "0", ...more];
}

function outcomeOf({ stdout, stderr }: Finished): Outcome {
  try {
    return JSON.parse(stdout) as Outcome;
  } catch {
    throw new Error(`no outcome:\n${stdout}\n${stderr}`);
  }
}

/** All digests told, which must be one. */
function digestsOf(outcome: Outcome): Set<string> {
  return new Set([outcome.coordinator.digest, ...outcome.agents.map((agent) => agent.digest)]);
}

function expectExact(finished: Finished, files: number): Outcome {
  const outcome = outcomeOf(finished);
  expect(outcome).toMatchObject({ isExact: true, doDigestsAgree: true, areTotalsEqual: true });
  expect(outcome.totals).toEqual(outcome.plain);
  expect(outcome.totals.files).toBe(files);
  expect(digestsOf(outcome).size).toBe(1);
  expect(finished.status).toBe(0);
  return outcome;
}

async function agentPids(running: Running): Promise<number[]> {
  const [line] = await running.waitFor(/^agents .*$/m);
  return [...line.matchAll(/agent-\d+ (\d+)/g)].map((match) => Number(match[1]));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("jarvis start", () => {
  test("reads a folder with four agents: equal digests, totals of a plain count, status 0", async () => {
    await generateFolder(folder, 60, 400);
    const outcome = expectExact(await run(words("--exit", "--json")), 60);
    expect(outcome.agents).toHaveLength(4);
    expect(outcome.agents.reduce((sum, agent) => sum + agent.files, 0)).toBeGreaterThanOrEqual(60);
    expect(outcome.agents.filter((agent) => agent.files > 0).length).toBeGreaterThan(1);
    expect(outcome.bytesExchanged).toBeGreaterThan(0);
  });

  test("says the same in words, every process with its digest", async () => {
    await generateFolder(folder, 8, 50);
    const { status, stdout } = await run(words("--exit", "--agents", "2"));
    expect(status).toBe(0);
    const digests = [
      ...stdout.matchAll(/^(?:coordinator|agent-\d) +\d+ +[0-9a-f]{16} +([0-9a-f]{16})/gm),
    ].map((match) => match[1]);
    expect(digests).toHaveLength(3);
    expect(new Set(digests).size).toBe(1);
    expect(stdout).toContain("all digests are equal; the totals are equal");
  });

  test("what cannot be read is named and left out on both sides", async () => {
    await generateFolder(folder, 3, 20);
    for (let index = 0; index < 12; index++) await writeFile(join(folder, `binary-${index}.txt`), "\0");
    const finished = await run(words("--exit", "--json", "--agents", "1"));
    const outcome = expectExact(finished, 3);
    expect(outcome.notRead).toHaveLength(12);
    expect(finished.stderr).toContain("not read: binary-0.txt is binary: it holds a NUL byte");
    expect(finished.stderr).toContain("not read: 2 more");
  });

  test("an empty folder is done at once", async () => {
    await generateFolder(folder, 1, 10);
    await rm(join(folder, "part-0"), { recursive: true });
    expectExact(await run(words("--exit", "--json", "--agents", "1")), 0);
  });

  test("a second start reads only what is new, changed or gone", async () => {
    await generateFolder(folder, 30, 100);
    expectExact(await run(words("--exit", "--json", "--agents", "2")), 30);
    const again = expectExact(await run(words("--exit", "--json", "--agents", "2")), 30);
    expect(again.resumedFiles).toBe(30);
    expect(again.agents.map((agent) => agent.files)).toEqual([0, 0]);

    await writeFile(join(folder, "part-0", "file-0000.md"), "entirely different onlyhere words");
    await writeFile(join(folder, "new.txt"), "a new file");
    await rm(join(folder, "part-1", "file-0001.md"));
    const changed = expectExact(await run(words("--exit", "--json", "--agents", "3")), 30);
    expect(changed.resumedFiles).toBe(28);
    expect(changed.agents.reduce((sum, agent) => sum + agent.files, 0)).toBe(2);

    await writeFile(join(folder, "part-0", "file-0000.md"), generatedText(1, 100));
    expectExact(await run(words("--exit", "--json", "--agents", "1")), 30);
  });

  test("an agent killed in the middle is started again, and nothing is lost or counted twice", async () => {
    await generateFolder(folder, 120, 200);
    const running = start(words("--exit", "--json", "--pace", "120"));
    const pids = await agentPids(running);
    expect(pids).toHaveLength(4);
    await running.waitFor(/read [1-9]\d* of 120 files/);
    process.kill(pids[0]!, "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 150));
    process.kill(pids[1]!, "SIGKILL");
    const finished = await running.finished;
    const outcome = expectExact(finished, 120);
    expect(finished.stderr).toContain(`agent-1 (process ${pids[0]}) is gone: SIGKILL; starting it again`);
    expect(outcome.agents.map((agent) => agent.starts)).toEqual([2, 2, 1, 1]);
  });

  test("killed as a whole with kill -9, it resumes without reading again what was stored", async () => {
    await generateFolder(folder, 80, 200);
    const running = start(words("--exit", "--json", "--pace", "200"));
    const pids = await agentPids(running);
    await running.waitFor(/read [1-9]\d* of 80 files/);
    running.child.kill("SIGKILL");
    await running.finished;
    await expect.poll(() => pids.filter(isAlive), { timeout: 10_000 }).toEqual([]);
    const outcome = expectExact(await run(words("--exit", "--json")), 80);
    expect(outcome.resumedFiles).toBeGreaterThan(0);
  });

  test("Ctrl-C in the middle ends every process, frees the port and keeps what was read", async () => {
    await generateFolder(folder, 80, 200);
    const running = start(words("--exit", "--pace", "200"));
    const pids = await agentPids(running);
    const [, port] = await running.waitFor(/page +http:\/\/127\.0\.0\.1:(\d+)/);
    await running.waitFor(/read [1-9]\d* of 80 files/);
    running.child.kill("SIGINT");
    const { status, stderr } = await running.finished;
    expect(status).toBe(130);
    expect(stderr).toContain("stopping");
    expect(pids.filter(isAlive)).toEqual([]);
    await expectFree(Number(port));
    const outcome = expectExact(await run(words("--exit", "--json")), 80);
    expect(outcome.resumedFiles).toBeGreaterThan(0);
    expect(outcome.resumedFiles).toBeLessThan(80);
  });

  test("a second Ctrl-C ends everything at once", async () => {
    await generateFolder(folder, 40, 100);
    const running = start(words("--exit", "--pace", "200"));
    const pids = await agentPids(running);
    await running.waitFor(/read \d+ of 40 files/);
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    running.child.kill("SIGINT");
    await running.waitFor(/Ctrl-C again/);
    running.child.kill("SIGINT");
    expect((await running.finished).status).toBe(130);
    await expect.poll(() => pids.filter(isAlive), { timeout: 10_000 }).toEqual([]);
  });

  test("an agent that cannot live is given up; without any left the command fails and says so", async () => {
    await generateFolder(folder, 3, 20);
    await mkdir(join(data, "agents"), { recursive: true });
    await writeFile(join(data, "agents", "agent-1"), "not a folder");
    const { status, stderr } = await run(words("--exit", "--agents", "1"));
    expect(status).toBe(1);
    expect(stderr).toContain("not starting it again, it died too often");
    expect(stderr).toMatch(/^error connection-failed: Every agent died too often[^\n]*$/m);
  });

  test("an agent that joins by hand helps, and leaves with Ctrl-C", async () => {
    await generateFolder(folder, 60, 100);
    const running = start(words("--agents", "1", "--pace", "100"));
    const [, port] = await running.waitFor(/page +http:\/\/127\.0\.0\.1:(\d+)/);
    const helper = start(["agent", `ws://127.0.0.1:${port}`, "--name", "helper"]);
    await helper.waitFor(/helper joined as replica [0-9a-f]{16}/);
    const [, digest] = await running.waitFor(/^coordinator +\d+ +[0-9a-f]{16} +([0-9a-f]{16})/m);
    await running.waitFor(/The page stays/);
    const [, files, told] = await helper.waitFor(/helper finished: read (\d+) files, digest ([0-9a-f]{16})/);
    expect(Number(files)).toBeGreaterThan(0);
    expect(told).toBe(digest);
    helper.child.kill("SIGINT");
    expect((await helper.finished).status).toBe(0);
    running.child.kill("SIGINT");
    expect((await running.finished).status).toBe(0);
  });

  test("without --exit it stays for the page until Ctrl-C, then leaves with status 0", async () => {
    await generateFolder(folder, 5, 50);
    const running = start(words("--agents", "1"));
    const [, url] = await running.waitFor(/page +(http:\/\/\S+)/);
    await running.waitFor(/The page stays/);
    const page = await fetch(url!);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-security-policy")).toContain("'wasm-unsafe-eval'");
    expect(await page.text()).toContain("<title>jarvis fleet</title>");
    expect((await fetch(`${url}/page.js`)).headers.get("content-type")).toContain("javascript");
    expect((await fetch(`${url}/../package.json`)).status).toBe(404);
    running.child.kill("SIGINT");
    expect((await running.finished).status).toBe(0);
  });

  test("a taken port is passed over, and said", async () => {
    await generateFolder(folder, 3, 20);
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, "127.0.0.1", () => resolve((taken.address() as { port: number }).port));
    });
    const finished = await run([
      "start",
      "--folder",
      folder,
      "--data",
      data,
      "--port",
      String(port),
      "--exit",
      "--json",
      "--agents",
      "1",
    ]);
    taken.close();
    const outcome = expectExact(finished, 3);
    expect(outcome.page).not.toContain(`:${port}`);
    expect(finished.stderr).toContain(`port ${port} is taken`);
  });

  test("a second start on the same data is refused while the first runs", async () => {
    await generateFolder(folder, 3, 20);
    const first = start(words("--agents", "1"));
    await first.waitFor(/The page stays/);
    const second = await run(words("--exit", "--agents", "1"));
    expect(second.status).toBe(1);
    expect(second.stderr).toMatch(/^error store-locked: [^\n]+\n$/);
    first.child.kill("SIGTERM");
    expect((await first.finished).status).toBe(0);
  });

  test("a file that changes while the fleet reads ends up as it is at the end", async () => {
    await generateFolder(folder, 60, 100);
    const running = start(words("--exit", "--json", "--pace", "20", "--agents", "2"));
    await running.waitFor(/^agents /m);
    const path = join(folder, "part-4", "file-0059.md");
    await writeFile(path, `${await readFile(path, "utf8")} changedmeanwhile`);
    await writeFile(join(folder, "part-0", "file-0000.md"), "changed as well");
    await rm(join(folder, "part-3", "file-0058.md"));
    expectExact(await running.finished, 59);
  });
});

async function expectFree(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}
