// The page of a run: whole without anything from elsewhere, and safe whatever a run says.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { simulate, timelinePage } from "../../host/simulator/index.ts";
import { run } from "../cli/command-line.ts";

vi.setConfig({ testTimeout: 600_000 });

it("needs nothing from elsewhere, and names what happened", async () => {
  const result = await simulate({ seed: 3, nodes: 9, seconds: 4, faults: ["partition", "power-loss"] });
  const page = timelinePage(result);
  expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
  expect(page).not.toMatch(/<(script|link|img)[^>]+(src|href)=/);
  for (const word of ["node 0", "node 8", "partition", "power-loss", "converged", "healed", result.digest]) {
    expect(page).toContain(word);
  }
  expect(page).toContain("Every check held");
  expect(page.match(/class="fault"/g)!.length).toBe(result.timeline.faults.length);
});

it("escapes what a run says", async () => {
  const result = await simulate({ seed: 3, nodes: 2, seconds: 1, faults: [] });
  const message = '<img src=x onerror="alert(1)">';
  const page = timelinePage({ ...result, violations: [{ check: "no crash", atMs: 5, node: 1, message }] });
  expect(page).not.toContain(message);
  expect(page).toContain("&lt;img src=x");
});

it("is written by the command line, which says how the run went", async () => {
  const folder = await mkdtemp(join(tmpdir(), "jarvis-simulate-"));
  try {
    const html = join(folder, "run.html");
    const words = ["simulate", "--nodes", "5", "--seconds", "2", "--faults", "kill,loss", "--html", html];
    const { status, stdout, stderr } = await run(words);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/seed 1 {2}digest [0-9a-f]{16} {2}converged \d+ ms/);
    expect(await readFile(html, "utf8")).toContain("<svg");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it("wrong options are named", async () => {
  const wrong = await run(["simulate", "--faults", "earthquake"]);
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toContain("invalid-option");
  const numbers = await run(["simulate", "--keep-faults", "1,x"]);
  expect(numbers.status).toBe(2);
});
