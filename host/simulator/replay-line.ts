// A run as the command that repeats it.
import { FAULT_NAMES } from "./faults.ts";
import type { SimulationOptions } from "./simulation.ts";

/** The command that repeats a run; what was given as a function or an object cannot be said in it. */
export function replayLine(options: SimulationOptions): string {
  const { seed, nodes, seconds, faults, topology, engine } = options;
  const words = ["jarvis simulate", `--seed ${seed}`, `--nodes ${nodes}`, `--seconds ${seconds}`];
  if (faults !== undefined && faults.length < FAULT_NAMES.length) words.push(`--faults ${listOf(faults)}`);
  if (typeof topology === "string") words.push(`--topology ${topology}`);
  if (options.push !== undefined) words.push(`--push ${options.push}`);
  if (options.loss !== undefined) words.push(`--loss ${options.loss}`);
  if (typeof engine === "string") words.push(`--engine ${engine}`);
  if (options.writers !== undefined) words.push(`--writers ${options.writers}`);
  if (options.rate !== undefined) words.push(`--rate ${options.rate}`);
  if (options.checkEveryMs !== undefined) words.push(`--check-every ${options.checkEveryMs}`);
  if (options.keepFaults !== undefined) words.push(`--keep-faults ${listOf(options.keepFaults)}`);
  if ((options.withoutNodes?.length ?? 0) > 0) words.push(`--without-nodes ${listOf(options.withoutNodes!)}`);
  if (options.writeSeconds !== undefined) words.push(`--write-seconds ${options.writeSeconds}`);
  return words.join(" ");
}

const listOf = (items: readonly (string | number)[]): string =>
  items.length === 0 ? "none" : items.join(",");
