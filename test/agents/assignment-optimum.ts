// The greatest sum of points for tasks on agents, found without anything of the plan's own solver: for small inputs by
// trying everything, for larger ones by successive shortest paths over the whole residual graph, places as nodes of
// their own, with Bellman and Ford's algorithm (queued) in place of potentials.
import { readPlanColumns } from "../../host/agents/assignment/plan-columns.ts";
import type { PlanInput } from "../../host/agents/assignment/plan-input.ts";
import {
  capacityPoints,
  costHalf,
  demandOf,
  hasResources,
  hasSkills,
  PAIR_TERMS,
  pairTerms,
} from "../../host/agents/assignment/score.ts";

export interface Problem {
  /** Points by task and agent; undefined where they must not meet. */
  readonly points: readonly (readonly (number | undefined)[])[];
  /** Points of the n-th place, by agent. */
  readonly places: readonly (readonly number[])[];
}

/** The problem of the tasks named, by the formulas of score.ts pair by pair. */
export function problemOf(input: PlanInput, taskIds: ReadonlySet<string>): Problem {
  const columns = readPlanColumns(input);
  const half = costHalf(columns.candidates);
  const points = columns.waiting
    .filter(({ id }) => taskIds.has(id))
    .map((task) =>
      columns.candidates.map((candidate) => {
        const demand = demandOf(task);
        if (!hasSkills(demand, candidate) || !hasResources(demand, candidate)) return undefined;
        if (task.avoids?.includes(candidate.id)) return undefined;
        const terms = pairTerms(task, demand, candidate, { nowMs: columns.nowMs, half });
        return PAIR_TERMS.reduce((sum, name) => sum + input.weights[name] * terms[name], 0);
      }),
    );
  const places = columns.candidates.map((candidate) =>
    Array.from({ length: candidate.places }, (_, taken) => capacityPoints(candidate, taken, input.weights)),
  );
  return { points, places };
}

/** Tries everything; all tasks must be placed. Undefined where they cannot be. */
export function bruteOptimum({ points, places }: Problem): number | undefined {
  const taken = places.map(() => 0);
  const best = (task: number): number | undefined => {
    if (task === points.length) return 0;
    let most: number | undefined;
    places.forEach((ofAgent, agent) => {
      const pair = points[task]![agent];
      const place = ofAgent[taken[agent]!];
      if (pair === undefined || place === undefined) return;
      taken[agent]!++;
      const rest = best(task + 1);
      taken[agent]!--;
      if (rest !== undefined && (most === undefined || pair + place + rest > most))
        most = pair + place + rest;
    });
    return most;
  };
  return best(0);
}

/** The same by shortest paths. Nodes: tasks, then places. */
export function flowOptimum({ points, places }: Problem): number | undefined {
  const placeRows = places.flatMap((ofAgent, agent) => ofAgent.map((gain) => ({ agent, gain })));
  const placeOf = points.map(() => -1);
  const taskAt = placeRows.map(() => -1);
  let sum = 0;
  for (let task = 0; task < points.length; task++) {
    const path = longestPath(points, placeRows, placeOf, taskAt, task);
    if (path === undefined) return undefined;
    sum += path.gain;
    for (const [moved, place] of path.moves) {
      placeOf[moved] = place;
      taskAt[place] = moved;
    }
  }
  return sum;
}

function longestPath(
  points: Problem["points"],
  places: readonly { readonly agent: number; readonly gain: number }[],
  placeOf: readonly number[],
  taskAt: readonly number[],
  start: number,
): { gain: number; moves: [number, number][] } | undefined {
  const ofTask = points.map(() => Number.NEGATIVE_INFINITY);
  const ofPlace = places.map(() => Number.NEGATIVE_INFINITY);
  const via = places.map(() => -1);
  ofTask[start] = 0;
  const queue = [start];
  while (queue.length > 0) {
    const task = queue.shift()!;
    places.forEach(({ agent, gain }, place) => {
      const pair = points[task]![agent];
      if (pair === undefined || place === placeOf[task]) return;
      const found = ofTask[task]! + pair + gain;
      if (found <= ofPlace[place]!) return;
      ofPlace[place] = found;
      via[place] = task;
      const holder = taskAt[place]!;
      if (holder < 0) return;
      const afterHolder = found - points[holder]![agent]! - gain;
      if (afterHolder <= ofTask[holder]!) return;
      ofTask[holder] = afterHolder;
      if (!queue.includes(holder)) queue.push(holder);
    });
  }
  let end = -1;
  taskAt.forEach((holder, place) => {
    if (holder < 0 && ofPlace[place]! > (end < 0 ? Number.NEGATIVE_INFINITY : ofPlace[end]!)) end = place;
  });
  if (end < 0) return undefined;
  const moves: [number, number][] = [];
  for (let place = end; ; ) {
    const task = via[place]!;
    moves.push([task, place]);
    if (task === start) return { gain: ofPlace[end]!, moves };
    place = placeOf[task]!;
  }
}
