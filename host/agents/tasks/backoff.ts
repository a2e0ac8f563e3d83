// How long a task rests after a failed attempt. The jitter comes from a hash of task and attempt, so that tasks which
// failed together do not come back together, and every replica knows the same time.
import { hash32 } from "../hash.ts";
import type { Backoff } from "../records/task-spec.ts";

export function retryDelayMs(task: string, failures: number, { baseMs, mostMs }: Backoff): number {
  const fullMs = Math.min(mostMs, baseMs * 2 ** Math.min(52, failures - 1));
  const unit = hash32(`${task} ${failures}`) / 2 ** 32;
  return Math.round(fullMs * (1 - unit / 2));
}
