// The judge of a fleet's totals: one process reads the whole folder by itself and sums with plain numbers and one
// plain Set. It shares the definition of a file (folder.ts) and of a word (words.ts) with the fleet, nothing else:
// no engine, no passages, no shared state.

import { type FolderOptions, listTextFiles, readTextFile } from "./folder.ts";
import { tallyWords } from "./words.ts";

/** What a folder comes to. */
export type Totals = {
  readonly files: number;
  readonly bytes: number;
  readonly words: number;
  readonly terms: number;
};

/** Counts every text file below `folder`. */
export async function countFolder(folder: string, options: FolderOptions = {}): Promise<Totals> {
  const terms = new Set<string>();
  let files = 0;
  let bytes = 0;
  let words = 0;
  for (const path of (await listTextFiles(folder, options)).paths) {
    const file = await readTextFile(folder, path);
    if ("reason" in file) continue;
    files++;
    bytes += file.bytes;
    words += tallyWords(file.text, terms);
  }
  return { files, bytes, words, terms: terms.size };
}

/** Whether two counts are the same. */
export function areTotalsEqual(left: Totals, right: Totals): boolean {
  return (
    left.files === right.files &&
    left.bytes === right.bytes &&
    left.words === right.words &&
    left.terms === right.terms
  );
}
