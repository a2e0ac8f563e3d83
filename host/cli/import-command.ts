// `jarvis import`: turns and facts from a file of JSON lines into a memory, all or nothing.

import { readFile } from "node:fs/promises";
import { CrdtError } from "../errors.ts";
import { formatCount } from "../fleet/format.ts";
import { ownedScopeOf } from "./command-scope.ts";
import { type MemoryOptions, openMemory } from "./open-memory.ts";
import type { Terminal } from "./terminal.ts";

export async function importCommand(
  file: string,
  options: MemoryOptions,
  terminal: Terminal,
): Promise<number> {
  if (options.data === undefined && options.relay === undefined)
    throw new CrdtError("invalid-option", "an import needs a place: give --data, --relay or both");
  const scope = ownedScopeOf(options);
  const lines = await linesOf(file);
  const { memory, ready, delivered, close } = await openMemory(options);
  try {
    await ready(scope);
    const records = await memory.importLines(scope, lines);
    await memory.durable(scope);
    await delivered(scope);
    terminal.result({ file, records });
    terminal.line(`${formatCount(records)} records from ${file}`);
    return 0;
  } finally {
    await close();
  }
}

async function linesOf(file: string): Promise<string[]> {
  try {
    return (await readFile(file, "utf8")).split("\n");
  } catch (cause) {
    throw new CrdtError("invalid-option", `"${file}" cannot be read: give a file of JSON lines`, { cause });
  }
}
