// The house rules as a test: rooms import one way, files stay small, time and chance live in one room, and nothing
// unwanted lies about.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "");
const sources = tracked.filter((path) =>
  /^(assembly|host|test|bench|examples|scripts)\/.*\.(ts|mjs)$/.test(path),
);
const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** Rooms of host/ in the order they may import: a room sees itself and what stands before it. */
const ROOMS: readonly (readonly string[])[] = [
  ["errors", "limits", "failure-detection"],
  ["wire"],
  ["platform"],
  ["engine"],
  ["replica"],
  ["store", "net", "agents", "federated", "learning", "memory"],
  ["overlay", "access", "backbone", "mcp"],
  ["create-replica"],
  ["index", "relay", "tabs"],
  ["fleet", "simulator"],
  ["page"],
  ["cli"],
];
const roomOf = (path: string): string => path.split("/")[1]!.replace(/\.ts$/, "");
const rankOf = (room: string): number => ROOMS.findIndex((names) => names.includes(room));

function* importsOf(path: string): Generator<string> {
  for (const match of read(path).matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
    yield normalize(join(dirname(path), match[1]!));
  }
}

describe("rooms", () => {
  it("of host/ are all known", () => {
    const rooms = new Set(tracked.filter((path) => /^host\/.*\.ts$/.test(path)).map(roomOf));
    expect([...rooms].filter((room) => rankOf(room) < 0)).toEqual([]);
  });

  it("import only leftwards", () => {
    const wrong: string[] = [];
    for (const path of sources.filter((file) => file.startsWith("host/"))) {
      for (const target of importsOf(path)) {
        if (!target.startsWith("host/")) {
          wrong.push(`${path} → ${target}`);
          continue;
        }
        const [from, to] = [roomOf(path), roomOf(target)];
        if (from !== to && rankOf(to) >= rankOf(from)) wrong.push(`${path} → ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("that agents build on see the replica, never a network or each other", () => {
    const wrong = sources
      .filter((path) => path.startsWith("host/memory/"))
      .flatMap((path) => [...importsOf(path)].map((target) => [path, target] as const))
      .filter(([, target]) => rankOf(roomOf(target)) > rankOf("replica") && roomOf(target) !== "memory");
    expect(wrong).toEqual([]);
  });

  it("keep the two engines apart", () => {
    const wrong: string[] = [];
    for (const path of sources) {
      for (const target of importsOf(path)) {
        const crosses =
          (path.startsWith("host/engine/wasm/") && target.startsWith("host/engine/baseline/")) ||
          (path.startsWith("host/engine/baseline/") && target.startsWith("host/engine/wasm/"));
        if (crosses) wrong.push(`${path} → ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("have no drawer without a job", () => {
    const drawer = /(^|\/)(utils?|helpers?|common|misc|core|lib|types)(\/|\.ts$)/;
    expect(tracked.filter((path) => drawer.test(path))).toEqual([]);
  });
});

describe("files", () => {
  it("stay below 600 lines", () => {
    const long = sources.filter((path) => read(path).split("\n").length > 600);
    expect(long).toEqual([]);
  });

  it("are named in kebab-case", () => {
    expect(sources.filter((path) => !/^[a-z0-9/.-]+$/.test(path))).toEqual([]);
  });

  it("hold no leftovers", () => {
    const leftover = new RegExp(["TO", "DO|FIX", "ME|XX", "X:|console\\.de", "bug|debug", "ger;"].join(""));
    expect(sources.filter((path) => leftover.test(read(path)))).toEqual([]);
  });

  it("name no registry", () => {
    const address = new RegExp(["registry\\.", "npmjs|npm\\.", 'pkg\\.|"resol', 'ved":'].join(""));
    expect(tracked.filter((path) => !/\.(bin|wasm|png)$/.test(path) && address.test(read(path)))).toEqual([]);
  });
});

describe("time and chance", () => {
  it("enter through the platform alone", () => {
    const impure =
      /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bsetTimeout\(|\bsetInterval\(|\bsetImmediate\(|\bperformance\.now\(|\bcrypto\./;
    const free = /^host\/(platform|fleet|page|cli)\//;
    const wrong = sources
      .filter((path) => path.startsWith("host/") && !free.test(path) && !path.endsWith(".generated.ts"))
      .filter((path) => impure.test(read(path)));
    expect(wrong).toEqual([]);
  });
});
