// The machine's own measurements, there and back: a fleet at work records them, the command line exports them, a plain
// program of its own adds them up again, and the engine's windows say the same.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { run } from "../cli/command-line.ts";
import { generateFolder } from "./generated-folder.ts";

vi.setConfig({ testTimeout: 180_000 });

const WINDOW_MS = 2000;
const AGENTS = ["agent-1", "agent-2", "agent-3"];

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "jarvis-metrics-"));
});

afterEach(() => rm(root, { recursive: true, force: true }));

type Window = {
  label: string;
  start: number;
  count: number;
  sum: number;
  min: number;
  max: number;
  first: number;
  last: number;
};

/** Windows of a CSV file, by nothing but a split and a loop. */
function plainWindows(csv: string): Window[] {
  const windows = new Map<string, Window>();
  const [head, ...lines] = csv.trimEnd().split("\n");
  expect(head).toBe("label,time,value");
  for (const line of lines) {
    const [label = "", time = "", text = ""] = line.split(",");
    const value = Number(text);
    const start = Math.floor(Number(time) / WINDOW_MS) * WINDOW_MS;
    const window = windows.get(`${label} ${start}`);
    if (window === undefined) {
      const ends = { min: value, max: value, first: value, last: value };
      windows.set(`${label} ${start}`, { label, start, count: 1, sum: value, ...ends });
    } else {
      window.count++;
      window.sum += value;
      window.min = value < window.min ? value : window.min;
      window.max = value > window.max ? value : window.max;
      window.last = value;
    }
  }
  return [...windows.values()];
}

test("what the fleet measured of itself is what a plain program makes of the export", async () => {
  const [folder, data] = [join(root, "texts"), join(root, "data")];
  await generateFolder(folder, 45, 300);
  const words = [
    "--folder",
    folder,
    "--data",
    data,
    "--port",
    "0",
    "--agents",
    "3",
    "--pace",
    "250",
    "--exit",
  ];
  const started = await run(["start", ...words]);
  expect(started, started.stderr).toMatchObject({ status: 0 });

  const file = join(root, "metrics.csv");
  expect(await run(["query", "metrics", data, "--csv", file])).toMatchObject({ status: 0, stderr: "" });
  const csv = await readFile(file, "utf8");
  const { stdout } = await run([
    ...["query", "metrics", data, "--window", `${WINDOW_MS}ms`, "--json"],
    ...["--aggregate", "count", "sum", "min", "max", "first", "last"],
  ]);
  const { windows } = JSON.parse(stdout) as { windows: Window[] };
  expect(windows.length).toBeGreaterThan(3 * 4);
  const plain = plainWindows(csv);
  // Sums of fractions depend on the order in their last bits; all the rest is equal.
  expect(windows.map(({ sum: _sum, ...rest }) => rest)).toEqual(plain.map(({ sum: _sum, ...rest }) => rest));
  for (const [index, { label, sum }] of windows.entries()) {
    if (label.endsWith("/memory")) expect(sum).toBe(plain[index]!.sum);
    else expect(sum).toBeCloseTo(plain[index]!.sum, 9);
  }
  expectRealMeasurements(windows);
});

/** No constants: processes that took time and memory, and read what there was to read. */
function expectRealMeasurements(windows: readonly Window[]): void {
  const of = (what: string) => windows.filter(({ label }) => label.endsWith(`/${what}`));
  for (const name of [...AGENTS, "coordinator"]) {
    const own = windows.filter(({ label }) => label.startsWith(`${name}/`));
    const labels = ["cpu", "delay", "files", "memory"].map((what) => `${name}/${what}`);
    expect([...new Set(own.map(({ label }) => label))]).toEqual(labels);
  }
  for (const { min } of of("memory")) expect(min).toBeGreaterThan(20_000_000);
  expect(new Set(of("memory").map(({ first }) => first)).size).toBeGreaterThan(4);
  expect(of("cpu").some(({ max }) => max > 0.001)).toBe(true);
  for (const { min, max } of of("cpu")) expect(min >= 0 && max < 16).toBe(true);
  for (const { min } of of("delay")) expect(min).toBeGreaterThanOrEqual(0);
  // Files a second, over spans of about a second: together about as many as there are.
  const files = of("files").reduce((total, { sum }) => total + sum, 0);
  expect(files).toBeGreaterThan(45 / 3);
  expect(files).toBeLessThan(45 * 3);
}
