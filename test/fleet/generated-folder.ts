// Folders of made-up text for fleets to read; the same seed gives the same folder.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const SYLLABLES = ["ka", "lo", "mi", "ru", "te", "so", "ne", "va", "di", "pu"];

function* numbers(seed: number): Generator<number, never> {
  let state = seed >>> 0;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state >>> 8;
  }
}

/** The text of a file: `words` words in lines and paragraphs. */
export function generatedText(seed: number, words: number): string {
  const source = numbers(seed);
  const next = () => source.next().value;
  let text = "";
  for (let index = 0; index < words; index++) {
    const syllables = 1 + (next() % 4);
    for (let syllable = 0; syllable < syllables; syllable++) text += SYLLABLES[next() % SYLLABLES.length];
    const kind = next() % 40;
    text += kind === 0 ? ".\n\n" : kind < 4 ? "\n" : " ";
  }
  return text;
}

/** Writes `count` files of about `words` words each below `folder`. */
export async function generateFolder(folder: string, count: number, words: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const path = join(folder, `part-${index % 5}`, `file-${String(index).padStart(4, "0")}.md`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, generatedText(index + 1, words));
  }
}
