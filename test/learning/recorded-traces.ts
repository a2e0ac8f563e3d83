// Recorded histories of writes, where a folder of them is named; tests that need one say so when they are skipped.
import { existsSync } from "node:fs";
import { readWriteTraces, type WriteTrace } from "../../bench/learning/write-trace.ts";

const folder = process.env.JARVIS_TRACES;

export const WITHOUT_TRACES = "set JARVIS_TRACES to a folder of recorded histories (t,writer,key)";

export function recordedTraces(): readonly WriteTrace[] {
  return folder !== undefined && existsSync(folder) ? readWriteTraces(folder) : [];
}
