// Finds the text files below a folder and reads them. What it will not read it reports instead of failing: symbolic
// links are never followed, folders of tools and build results are passed over, binary and oversized files refused.
// Paths are relative to the folder with "/" between parts, in ascending order. Leaves out .gitignore files.

import { createHash } from "node:crypto";
import { open, readdir } from "node:fs/promises";
import { extname, join } from "node:path";

/** Bytes of the largest file read: one file is one transaction, and its terms are held at once. */
export const FILE_BYTES_MAX = 8 * 1024 * 1024;

/** What counts as text, by file name extension. */
const TEXT_EXTENSIONS: ReadonlySet<string> = new Set(
  (
    ".md .markdown .mdx .rst .adoc .txt .text .tex .log .csv .tsv .json .jsonl .ndjson .yaml .yml .toml .ini .cfg " +
    ".conf .xml .html .htm .svg .css .scss .less .js .mjs .cjs .jsx .ts .mts .cts .tsx .vue .svelte .py .rb .go .rs " +
    ".c .h .cc .cpp .hpp .cs .java .kt .swift .php .pl .lua .r .sh .bash .zsh .sql .graphql .proto .po .srt"
  ).split(" "),
);

/** Folders passed over wherever they stand; so is every folder whose name starts with a dot. */
const SKIPPED_FOLDERS: ReadonlySet<string> = new Set(["node_modules", "dist", "build", "coverage"]);

export type Problem = { readonly path: string; readonly reason: string };

export interface FolderOptions {
  /** Names out of {@link SKIPPED_FOLDERS} that are to be entered all the same. */
  readonly entered?: readonly string[];
}

export interface TextFile {
  readonly bytes: number;
  /** The first 16 hexadecimal digits of the SHA-256 of the contents. */
  readonly digest: string;
  readonly text: string;
}

/** Paths of the files below `folder` that may be text, and what could not be listed. */
export async function listTextFiles(
  folder: string,
  options: FolderOptions = {},
): Promise<{ paths: string[]; problems: Problem[] }> {
  const paths: string[] = [];
  const problems: Problem[] = [];
  const waiting = [""];
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    try {
      for (const item of await readdir(join(folder, below), { withFileTypes: true })) {
        const path = below === "" ? item.name : `${below}/${item.name}`;
        if (item.isDirectory() && isEntered(item.name, options)) waiting.push(path);
        else if (item.isFile() && TEXT_EXTENSIONS.has(extname(item.name).toLowerCase())) paths.push(path);
      }
    } catch (error) {
      if (below === "") throw error;
      problems.push({ path: below, reason: reasonOf(error) });
    }
  }
  return { paths: paths.sort(), problems };
}

/** Reads one file; the reason it is refused where it is. */
export async function readTextFile(folder: string, path: string): Promise<TextFile | { reason: string }> {
  let contents: Buffer;
  try {
    const file = await open(join(folder, path));
    try {
      const { size } = await file.stat();
      if (size > FILE_BYTES_MAX) return { reason: `is ${size} bytes, more than the ${FILE_BYTES_MAX} read` };
      contents = await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    return { reason: reasonOf(error) };
  }
  if (contents.length > FILE_BYTES_MAX) return { reason: `grew past the ${FILE_BYTES_MAX} bytes read` };
  if (contents.includes(0)) return { reason: "is binary: it holds a NUL byte" };
  const digest = createHash("sha256").update(contents).digest("hex").slice(0, 16);
  return { bytes: contents.length, digest, text: contents.toString("utf8") };
}

function isEntered(name: string, options: FolderOptions): boolean {
  if (name.startsWith(".")) return false;
  return !SKIPPED_FOLDERS.has(name) || (options.entered?.includes(name) ?? false);
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && "code" in error) {
    if (error.code === "ENOENT") return "is gone";
    if (error.code === "EACCES" || error.code === "EPERM") return "may not be read";
    return `cannot be read (${error.code})`;
  }
  return "cannot be read";
}
