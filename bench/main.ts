// The command: npm run bench -- [NAME…] [--json] [--quick] [--engine NAME…] [--rounds N] [--data DIR]
// A NAME is a workload or the prefix of a group (rivals, growth); without one everything runs. Each round runs every
// competitor once, one after the other, each in a fresh process (child.ts says why); medians are over rounds. What the
// competitors computed must be equal, or the command fails.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { header, type Measured, type Row, rowsOf, tables } from "./report.ts";
import type { Circumstances, Outcome, Workload } from "./workload.ts";
import { workloads } from "./workloads/index.ts";

const CHILD_FLAGS = ["--expose-gc", "--no-flush-bytecode", "--max-old-space-size=8192", "--no-warnings"];
/** A round that takes longer hangs. */
const CHILD_MS_MAX = 300_000;
const folder = dirname(fileURLToPath(import.meta.url));
const dataFolder = join(folder, `data-${process.pid}`);

const OPTIONS = {
  json: { type: "boolean", default: false },
  quick: { type: "boolean", default: false },
  engine: { type: "string", multiple: true },
  rounds: { type: "string" },
  data: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

const USAGE = `usage: npm run bench -- [NAME…] [--json] [--quick] [--engine NAME]… [--rounds N] [--data DIR]
workloads: ${workloads.map((workload) => workload.name).join(", ")}`;

const { values: options, positionals: names } = readOptions();

function readOptions() {
  try {
    const given = parseArgs({ allowPositionals: true, options: OPTIONS });
    if (!given.values.help) return given;
    console.log(USAGE);
    return process.exit(0);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    return process.exit(2);
  }
}

function chosen(): readonly Workload[] {
  if (names.length === 0) return workloads;
  return names.flatMap((name) => {
    const exact = workloads.filter((workload) => workload.name === name);
    const found =
      exact.length > 0 ? exact : workloads.filter((workload) => workload.name.startsWith(`${name}-`));
    if (found.length > 0) return found;
    throw new Error(
      `no workload "${name}"; there are ${workloads.map((workload) => workload.name).join(", ")}`,
    );
  });
}

function child(workload: Workload, step: "prepare" | "run", circumstances: Circumstances): string {
  const parameters = [join(folder, "child.js"), workload.name, step, JSON.stringify(circumstances)];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...CHILD_FLAGS, ...parameters], {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
    timeout: CHILD_MS_MAX,
  });
  if (status !== 0) {
    throw new Error(
      `${workload.name}, ${circumstances.competitor}: ${signal ?? `exit ${status}`}\n${stderr}`,
    );
  }
  return stdout.trim().split("\n").at(-1) ?? "";
}

/** Whether a competitor was asked for and can run here; says why where it cannot. */
function takesPart(workload: Workload, competitor: string): boolean {
  if (options.engine !== undefined && !options.engine.includes(competitor)) return false;
  const reason = workload.missing?.(competitor);
  if (reason !== undefined) console.error(`${workload.name}: ${competitor} is left out, ${reason}`);
  return reason === undefined;
}

/** Runs all rounds of a workload; a competitor that fails is left out of the rows and makes the command fail. */
function measure(workload: Workload): { rows: Row[]; failures: string[] } {
  const isQuick = options.quick;
  const traceFolder = options.data;
  const competitors = workload.competitors.filter((competitor) => takesPart(workload, competitor));
  const rounds = isQuick ? 1 : Number(options.rounds ?? workload.rounds);
  const measured: Measured[] = [];
  const failures: string[] = [];
  try {
    if (workload.prepare !== undefined)
      child(workload, "prepare", { competitor: "", isQuick, dataFolder, traceFolder });
  } catch (error) {
    return { rows: [], failures: [String(error)] };
  }
  const failed = new Set<string>();
  for (let round = 0; round < rounds; round += 1) {
    for (const competitor of competitors) {
      if (failed.has(competitor)) continue;
      process.stderr.write(`${workload.name} · ${competitor} · round ${round + 1} of ${rounds}\n`);
      try {
        const outcome = JSON.parse(
          child(workload, "run", { competitor, isQuick, dataFolder, traceFolder }),
        ) as Outcome;
        measured.push({ competitor, outcome });
      } catch (error) {
        failures.push(String(error));
        failed.add(competitor);
      }
    }
  }
  const checks = new Set(measured.map(({ outcome }) => outcome.check));
  if (checks.size > 1) {
    const found = measured.map(({ competitor, outcome }) => `${competitor}: ${outcome.check}`);
    failures.push(`${workload.name}: the results differ\n  ${[...new Set(found)].join("\n  ")}`);
    return { rows: [], failures };
  }
  return { rows: rowsOf(measured), failures };
}

rmSync(dataFolder, { recursive: true, force: true });
mkdirSync(dataFolder, { recursive: true });
const failures: string[] = [];
try {
  if (!options.json) console.log(`${header()}\n`);
  const rows: Row[] = [];
  for (const workload of chosen()) {
    const result = measure(workload);
    failures.push(...result.failures);
    rows.push(...result.rows);
    if (options.json) for (const row of result.rows) console.log(JSON.stringify(row));
  }
  if (!options.json) console.log(tables(rows));
} finally {
  rmSync(dataFolder, { recursive: true, force: true });
}
for (const failure of failures) console.error(failure);
if (failures.length > 0) process.exitCode = 1;
