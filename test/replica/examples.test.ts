// Every program in examples/ runs, and prints what its "// →" comments say.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatWithOptions } from "node:util";
import { describe, expect, it, vi } from "vitest";

const root = join(import.meta.dirname, "../..");
const names = readdirSync(join(root, "examples")).filter((name) => name.endsWith(".ts"));

async function run(name: string, code: string): Promise<string[]> {
  const folder = join(root, "build/examples");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  const doors = {
    "jarvis-crdt": "index",
    "jarvis-crdt/relay": "relay",
    "jarvis-crdt/overlay": "overlay/index",
    "jarvis-crdt/agents": "agents/index",
  };
  const local = Object.entries(doors).reduce(
    (text, [door, path]) => text.replaceAll(`"${door}"`, JSON.stringify(join(root, `host/${path}.ts`))),
    code,
  );
  writeFileSync(file, local);
  const lines: string[] = [];
  const print = vi.spyOn(console, "log").mockImplementation((...values: unknown[]) => {
    lines.push(formatWithOptions({ breakLength: Number.POSITIVE_INFINITY }, ...values));
  });
  try {
    await import(file);
  } finally {
    print.mockRestore();
  }
  return lines;
}

describe("examples", () => {
  it("are several", () => expect(names.length).toBeGreaterThanOrEqual(5));

  it.each(names)("%s prints what it says", async (name) => {
    const code = readFileSync(join(root, "examples", name), "utf8");
    const promised = [...code.matchAll(/\/\/ → (.*)$/gm)].map((match) => match[1]!);
    expect(promised.length).toBeGreaterThan(0);
    expect(await run(name, code)).toEqual(promised);
  });
});
