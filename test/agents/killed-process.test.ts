// Real processes over loopback: one is ended by kill -9 while it runs tasks, and the others run them after the lease.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, expect, it } from "vitest";
import { Member } from "../../bench/agents/members.ts";
import { freePort } from "../../bench/network/fork.ts";

const PROGRAM = "build/agents-member/member.js";
const LEASE_MS = 1_500;
const TAKES_MS = 1_000;
const TASKS = 6;
/** Of a busy machine: what is said here is that the lease decides, and no other timeout. */
const SLACK_MS = 12_000;

const folder = mkdtempSync(join(tmpdir(), "jarvis-crdt-agents-"));
const members: Member[] = [];
afterAll(async () => {
  await Promise.all(members.map((member) => member.kill()));
  rmSync(folder, { recursive: true, force: true });
});

async function when(holds: () => Promise<boolean>, withinMs: number): Promise<number> {
  const startMs = performance.now();
  while (!(await holds())) {
    if (performance.now() - startMs > withinMs) throw new Error(`not within ${withinMs} ms`);
    await new Promise((done) => setTimeout(done, 20));
  }
  return performance.now() - startMs;
}

it("what a killed process ran is run by others within lease, round and duration", async () => {
  await build({
    entryPoints: ["bench/agents/member.ts"],
    outfile: PROGRAM,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    conditions: ["source"],
    logLevel: "error",
  });
  const port = await freePort();
  for (const index of [0, 1, 2]) {
    const storage = join(folder, `member-${index}`);
    const setup = {
      index,
      engine: "baseline" as const,
      port,
      slots: 2,
      storage,
      leaseMs: LEASE_MS,
      heartbeatMs: 400,
    };
    members.push(new Member(setup, resolve(PROGRAM)));
  }
  for (const member of members) await member.start();
  const [first, killed, third] = members as [Member, Member, Member];
  await when(async () => (await first.progress()).agents === 3, 30_000);
  await first.submit(TASKS, TAKES_MS, 0);
  // Each has two of them.
  await when(async () => (await third.report()).attempts === TASKS, 10_000);
  await killed.kill();
  const tookMs = await when(async () => (await third.progress()).done === TASKS, 60_000);
  const { attempts, duplicates } = await first.report();
  expect(attempts).toBeGreaterThan(TASKS);
  expect(duplicates).toBe(0);
  expect(tookMs).toBeGreaterThan(LEASE_MS / 2);
  expect(tookMs).toBeLessThan(LEASE_MS + TAKES_MS + SLACK_MS);
}, 120_000);
