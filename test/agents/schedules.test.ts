// Random faults on a fleet in virtual time: loss, duplication, reordering, partitions, crashes, skewed clocks. The number
// of schedules and the first seed are taken from AGENT_SCHEDULES and AGENT_SEED.
import { expect, it } from "vitest";
import { runSchedule } from "./schedules.ts";

const count = Number(process.env.AGENT_SCHEDULES ?? 20);
const first = Number(process.env.AGENT_SEED ?? 1);

it(`${count} schedules from seed ${first}: nothing lost, nobody starves, no two at a time where that is promised`, async () => {
  let duplicates = 0;
  let executions = 0;
  let slowestMs = 0;
  for (let seed = first; seed < first + count; seed++) {
    const result = await runSchedule(seed);
    expect(result.problems, `AGENT_SEED=${seed} AGENT_SCHEDULES=1`).toEqual([]);
    duplicates += result.duplicates;
    executions += result.executions;
    slowestMs = Math.max(slowestMs, result.settledMs);
  }
  if (process.env.AGENT_SCHEDULES !== undefined) {
    console.log(
      `${count} schedules, ${executions} executions, ${duplicates} duplicates shown, settled within ${slowestMs} ms`,
    );
  }
  expect(executions).toBeGreaterThan(count * 10);
}, 3_600_000);
