// The same options give the same run: twice in one process, beside another run, and in two processes.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it, vi } from "vitest";
import { simulate } from "../../host/simulator/index.ts";
import { Random } from "../../host/simulator/random.ts";
import { program } from "../cli/command-line.ts";

vi.setConfig({ testTimeout: 600_000 });

const RUN = { nodes: 12, seconds: 4 } as const;

it("one seed, one digest, however often", async () => {
  for (const seed of [1, 2, 3]) {
    const first = await simulate({ ...RUN, seed });
    const second = await simulate({ ...RUN, seed });
    expect(first.violations, `seed ${seed}`).toEqual([]);
    expect(second.digest, `seed ${seed}`).toBe(first.digest);
    expect(second.events).toBe(first.events);
  }
});

it("another seed, another digest", async () => {
  const digests = new Set<string>();
  for (let seed = 1; seed <= 5; seed++) {
    const { digest } = await simulate({ nodes: 5, seconds: 1, seed });
    digests.add(digest);
  }
  expect(digests.size).toBe(5);
});

it("a run beside another one is not disturbed", async () => {
  const alone = await simulate({ ...RUN, seed: 8 });
  const [beside] = await Promise.all([simulate({ ...RUN, seed: 8 }), simulate({ ...RUN, seed: 9 })]);
  expect(beside.digest).toBe(alone.digest);
});

it("both engines give the same run", async () => {
  const wasm = await simulate({ ...RUN, seed: 4, engine: "wasm" });
  const baseline = await simulate({ ...RUN, seed: 4, engine: "baseline" });
  expect(baseline.digest).toBe(wasm.digest);
});

it("two processes agree", async () => {
  const digestOf = async () => {
    const words = [program, "simulate", "--seed", "5", "--nodes", "10", "--seconds", "3", "--json"];
    const { stdout } = await promisify(execFile)(process.execPath, words);
    return JSON.parse(stdout).digest as string;
  };
  const first = await digestOf();
  expect(first).toMatch(/^[0-9a-f]{16}$/);
  expect(await digestOf()).toBe(first);
});

it("a detail of one message shows in the digest", async () => {
  const usual = await simulate({ nodes: 4, seconds: 1, seed: 1, faults: [] });
  const later = await simulate({ nodes: 4, seconds: 1, seed: 1, faults: [], latency: { jitterMs: 3.1 } });
  expect(later.digest).not.toBe(usual.digest);
});

it("streams of chance depend on all their words", () => {
  const draw = (...words: (number | string)[]) => new Random(...words).word();
  expect(draw(1, "a", 2)).toBe(draw(1, "a", 2));
  const drawn = [draw(1, "a", 2), draw(1, "a", 3), draw(1, "b", 2), draw(2, "a", 2), draw(12, "a")];
  expect(new Set(drawn).size).toBe(drawn.length);
});
