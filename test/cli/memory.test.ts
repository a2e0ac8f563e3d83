// `jarvis import` and `jarvis search`, in a folder and through a relay; and the commands that docs/memory.md shows.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { SearchHit } from "../../host/memory/index.ts";
import { program, run, start } from "./command-line.ts";

const root = join(import.meta.dirname, "../..");
const sample = join(root, "docs/memory-sample.jsonl");
const LIMIT_MS = 60_000;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jarvis-memory-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const shell = (line: string, cwd: string): Promise<string> =>
  new Promise((resolve) => {
    const name = `jarvis() { "${process.execPath}" "${program}" "$@"; }`;
    execFile("sh", ["-c", `${name}\n${line}`], { cwd }, (_, stdout, stderr) => resolve(stdout + stderr));
  });

it("the commands in docs/memory.md print what it says", { timeout: LIMIT_MS }, async () => {
  await symlink(join(root, "docs"), join(folder, "docs"));
  const page = await readFile(join(root, "docs/memory.md"), "utf8");
  const lines = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap((match) => match[1]!.trim().split("\n"));
  const commands = lines.filter((line) => line.startsWith("jarvis "));
  expect(commands.length).toBeGreaterThan(0);
  for (const command of commands) {
    const promised = lines[lines.indexOf(command) + 1]!.replace(/^# → /, "");
    expect(await shell(command, folder)).toBe(`${promised}\n`);
  }
});

it("a hit says why, with --json and with --explain; a scope sees its own", {
  timeout: LIMIT_MS,
}, async () => {
  const data = join(folder, "why");
  await run(["import", sample, "--data", data, "--user", "ann"]);
  const search = (...words: string[]) => run(["search", data, "basket for the shopping", ...words]);
  const { status, stdout } = await search("--user", "ann", "--agent", "guide", "--json");
  const { hits } = JSON.parse(stdout) as { hits: SearchHit[] };
  expect(status).toBe(0);
  expect(hits).toMatchObject([{ kind: "turn", turn: { scope: { tenant: "default", agent: "guide" } } }]);
  expect(hits[0]!.why.terms).toHaveProperty("basket");
  expect((await search("--user", "ann", "--explain")).stdout).toMatch(/\n {6}.*basket \d.*own \+\d/);
  expect((await search("--user", "bob")).stdout).toBe("nothing is found\n");
  expect((await search("--user", "ann", "--tenant", "acme")).stdout).toBe("nothing is found\n");
});

it("a wrong line is named, and nothing of the file is taken", { timeout: LIMIT_MS }, async () => {
  const data = join(folder, "wrong");
  const good = (await readFile(sample, "utf8")).trim().split("\n");
  for (const [line, why] of [
    ["{", "is no turn or fact"],
    ['{"kind":"turn","session":"a","speaker":"b","text":"c"}', "misses a field"],
    ['{"kind":"fact","id":"t-1"}', "has no id of its kind"],
  ] as const) {
    const file = join(folder, "wrong.jsonl");
    await writeFile(file, [...good.slice(0, 3), line, ...good.slice(3)].join("\n"));
    const { status, stdout, stderr } = await run(["import", file, "--data", data, "--user", "ann"]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^error invalid-argument: line 4 [^\n]*nothing of the lines was imported\n$/);
    expect(stderr).toContain(why);
  }
  const { stdout } = await run(["search", data, "sailing bicycle", "--user", "ann"]);
  expect(stdout).toBe("nothing is found\n");
});

it("what is imported to a relay is found there and elsewhere", { timeout: LIMIT_MS }, async () => {
  const relay = start(["serve", "--port", "0", "--json"]);
  const [, url = ""] = await relay.waitFor(/"relay":\s*"(ws:[^"]+)"/);
  const { stdout } = await run(["import", sample, "--relay", url, "--user", "ann", "--json"]);
  expect(JSON.parse(stdout)).toEqual({ file: sample, records: 5 });
  const found = await run(["search", url, "sailing", "--user", "ann", "--k", "1"]);
  expect(found.stdout).toContain("Ann: We went sailing on the lake.");
  relay.child.kill("SIGTERM");
  await relay.finished;
});
