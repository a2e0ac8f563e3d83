import { it } from "vitest";
import { runSchedule } from "/work/wt/tasks/test/agents/schedules.ts";

it("x", async () => {
  for (
    let seed = Number(process.env.S ?? 1);
    seed < Number(process.env.S ?? 1) + Number(process.env.N ?? 5);
    seed++
  ) {
    const t = performance.now();
    const r = await runSchedule(seed);
    console.log(
      seed,
      Math.round(performance.now() - t),
      JSON.stringify({ ...r, problems: r.problems.slice(0, 4).map((p) => p.slice(0, 700)) }),
    );
  }
}, 1e9);
