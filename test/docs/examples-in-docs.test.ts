// Every TypeScript example in README.md and docs/ runs, and prints what its "// →" comments say.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatWithOptions } from "node:util";
import { describe, expect, it, vi } from "vitest";

const root = join(import.meta.dirname, "../..");
const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith(".md"),
);

interface Example {
  readonly page: string;
  readonly place: number;
  readonly code: string;
}

const examples: Example[] = pages.flatMap((page) =>
  [...readFileSync(join(root, page), "utf8").matchAll(/```ts\n([\s\S]*?)```/g)].map((match, place) => ({
    page,
    place,
    code: match[1]!,
  })),
);

async function run({ page, place, code }: Example): Promise<string[]> {
  const folder = join(root, "build/examples-in-docs");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${page.replaceAll(/\W/g, "-")}-${place}.ts`);
  writeFileSync(
    file,
    code
      .replaceAll('"jarvis-crdt"', JSON.stringify(join(root, "host/index.ts")))
      .replaceAll('"jarvis-crdt/relay"', JSON.stringify(join(root, "host/relay.ts")))
      .replaceAll('"jarvis-crdt/overlay"', JSON.stringify(join(root, "host/overlay/index.ts")))
      .replaceAll('"jarvis-crdt/agents"', JSON.stringify(join(root, "host/agents/index.ts")))
      .replaceAll('"jarvis-crdt/learning"', JSON.stringify(join(root, "host/learning/index.ts")))
      .replaceAll('"jarvis-crdt/backbone"', JSON.stringify(join(root, "host/backbone/index.ts"))),
  );
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

describe("examples in docs", () => {
  it("exist", () => expect(examples.length).toBeGreaterThan(0));

  it.each(examples)("$page #$place prints what it says", async (example) => {
    const promised = [...example.code.matchAll(/\/\/ → (.*)$/gm)].map((match) => match[1]!);
    expect(promised.length).toBeGreaterThan(0);
    expect(await run(example)).toEqual(promised);
  });
});

it("npm run example runs one by name", () => {
  const output = execFileSync(process.execPath, [join(root, "scripts/example.mjs"), "counter-and-map"], {
    encoding: "utf8",
  });
  expect(output.startsWith("3\n")).toBe(true);
});
