// What of a folder is read, what is passed over, and what is reported.

import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FILE_BYTES_MAX, listTextFiles, readTextFile } from "../../host/fleet/folder.ts";
import { areTotalsEqual, countFolder } from "../../host/fleet/plain-count.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "jarvis-folder-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(path: string, contents: string | Uint8Array): Promise<void> {
  await mkdir(join(folder, path, ".."), { recursive: true });
  await writeFile(join(folder, path), contents);
}

describe("listTextFiles", () => {
  test("finds text by extension at every depth, in order", async () => {
    for (const path of ["b.md", "a/deep/c.TS", "a/x.json", "y.log", "z.csv", "pic.png", "Makefile"])
      await put(path, "x");
    expect(await listTextFiles(folder)).toEqual({
      paths: ["a/deep/c.TS", "a/x.json", "b.md", "y.log", "z.csv"],
      problems: [],
    });
  });

  test("passes over packages, build results, hidden folders and symbolic links", async () => {
    for (const path of ["node_modules/p/a.js", "dist/a.js", "sub/build/a.js", ".git/a.txt", "kept/a.js"])
      await put(path, "x");
    await symlink(join(folder, "kept"), join(folder, "linked"));
    await symlink(join(folder, "kept/a.js"), join(folder, "linked.js"));
    expect((await listTextFiles(folder)).paths).toEqual(["kept/a.js"]);
    expect((await listTextFiles(folder, { entered: ["dist"] })).paths).toEqual(["dist/a.js", "kept/a.js"]);
  });
});

describe("readTextFile", () => {
  test("gives bytes, text and a digest that follows the contents", async () => {
    await put("a.txt", "naïve\n");
    expect(await readTextFile(folder, "a.txt")).toEqual({
      bytes: 7,
      text: "naïve\n",
      digest: "e5264d078fbcb924",
    });
  });

  test("refuses binary, oversized, missing and unreadable files with a reason", async () => {
    await put("binary.txt", new Uint8Array([65, 0, 66]));
    await put("huge.txt", "x");
    await truncate(join(folder, "huge.txt"), FILE_BYTES_MAX + 1);
    expect(await readTextFile(folder, "binary.txt")).toEqual({ reason: "is binary: it holds a NUL byte" });
    expect(await readTextFile(folder, "huge.txt")).toEqual({
      reason: expect.stringContaining("more than the 8388608"),
    });
    expect(await readTextFile(folder, "missing.txt")).toEqual({ reason: "is gone" });
    await put("secret.txt", "x");
    await chmod(join(folder, "secret.txt"), 0);
    const isRoot = process.getuid?.() === 0;
    if (!isRoot) expect(await readTextFile(folder, "secret.txt")).toEqual({ reason: "may not be read" });
  });
});

describe("countFolder", () => {
  test("sums files, bytes, words and distinct terms", async () => {
    await put("a.md", "one two two");
    await put("b/c.md", "Two three");
    await put("b/binary.md", new Uint8Array([0, 1]));
    const totals = await countFolder(folder);
    expect(totals).toEqual({ files: 2, bytes: 20, words: 5, terms: 3 });
    expect(areTotalsEqual(totals, { ...totals })).toBe(true);
    expect(areTotalsEqual(totals, { ...totals, terms: 4 })).toBe(false);
  });
});
