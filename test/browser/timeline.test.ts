// Where the bars of a timeline stand: within the width, in the row of their agent, never over each other.
import { expect, test } from "vitest";
import type { ListedExecution } from "../../host/agents/index.ts";
import { timelineOf } from "../../host/page/tasks/timeline.ts";

const execution = (
  task: string,
  agent: string,
  startedAtMs: number,
  endedAtMs?: number,
): ListedExecution => ({
  task,
  kind: "read",
  agent,
  epoch: 1,
  startedAtMs,
  endedAtMs,
  end: endedAtMs === undefined ? undefined : "done",
});

test("bars share a scale, and what an agent runs at a time has lanes of its own", () => {
  const { agents, bars, lanes, spanMs } = timelineOf(
    [
      execution("a", "second", 0, 50),
      execution("b", "first", 10, 60),
      execution("c", "first", 20, 40),
      execution("d", "first", 60),
    ],
    100,
  );
  expect(agents).toEqual(["first", "second"]);
  expect({ lanes, spanMs }).toEqual({ lanes: 2, spanMs: 100 });
  expect(bars.map(({ row, lane }) => [row, lane])).toEqual([
    [1, 0],
    [0, 0],
    [0, 1],
    [0, 0],
  ]);
  const [first, , , last] = bars;
  expect(first!.width * 0.8).toBeCloseTo(last!.width, 6);
  expect(last!.left + last!.width).toBeCloseTo(1000, 6);
  expect(last!.end).toBe("running");
});

test("of nothing there is nothing, and a moment is still seen", () => {
  expect(timelineOf([], 5)).toEqual({ agents: [], bars: [], lanes: 1, spanMs: 0 });
  expect(timelineOf([execution("a", "only", 5, 5)], 5).bars[0]!.width).toBeGreaterThan(0);
});
