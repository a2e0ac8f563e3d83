// Whether a record of an agent or a task can be planned with. Records come from documents, written by any version of
// any peer, so every field is looked at; what is wrong is said, and the plan leaves the record out.
import { CrdtError } from "../../errors.ts";
import { PLAN_AGENT_SLOTS_MAX, PLAN_RECORD_NAMES_MAX } from "../../limits.ts";
import { type PlanAgent, type PlanTask, type PlanWeights, PRIORITIES } from "./plan-input.ts";

/** Amounts, costs and latencies stay below it, so that sums of millionths are exact. */
const AMOUNT_MAX = 1_000_000_000;
const PREFERENCE_MAX = 1_000;
const STANDINGS: readonly unknown[] = ["active", "draining", "paused", "dead"];

type Fields<Row> = { readonly [Key in keyof Row]?: unknown };

export function agentFault(agent: PlanAgent): string | undefined {
  if (!isObject(agent)) return "it is no object";
  const { id, skills, slots, running, resources, cost, latencyMs, region, state, load } =
    agent as Fields<PlanAgent>;
  if (!isName(id)) return "its id is no text";
  if (!isRecord(skills, 1)) return "its skills are no levels from 0 to 1";
  if (!isWhole(slots, PLAN_AGENT_SLOTS_MAX)) return `its slots are no integer to ${PLAN_AGENT_SLOTS_MAX}`;
  if (!areNames(running)) return "its running tasks are no list of ids";
  if (!isRecord(resources, AMOUNT_MAX)) return "its resources are no amounts";
  if (!isAmount(cost, AMOUNT_MAX)) return "its cost is no amount";
  if (!isAmount(latencyMs, AMOUNT_MAX)) return "its latency is no duration";
  if (typeof region !== "string") return "its region is no text";
  if (!STANDINGS.includes(state)) return "its state is none";
  return isAmount(load, 1) ? undefined : "its load is not from 0 to 1";
}

export function taskFault(task: PlanTask): string | undefined {
  if (!isObject(task)) return "it is no object";
  const fields = task as Fields<PlanTask>;
  if (!isName(fields.id)) return "its id is no text";
  if (typeof fields.kind !== "string" || typeof fields.tenant !== "string")
    return "its kind or tenant is no text";
  if (!isWhole(fields.priority, PRIORITIES.length - 1)) return "its priority is none";
  if (!isWhole(fields.submittedAtMs, Number.MAX_SAFE_INTEGER)) return "its submission is no time";
  if (fields.deadlineMs !== undefined && !isWhole(fields.deadlineMs, Number.MAX_SAFE_INTEGER)) {
    return "its deadline is no time";
  }
  if (!isRecord(fields.requires, 1)) return "what it requires is no levels from 0 to 1";
  if (!isRecord(fields.prefers, PREFERENCE_MAX)) return `what it prefers is no weights to ${PREFERENCE_MAX}`;
  if (!isRecord(fields.resources, AMOUNT_MAX)) return "its resources are no amounts";
  if (!isAmount(fields.durationMs, AMOUNT_MAX)) return "its duration is none";
  for (const optional of [fields.region, fields.runningOn, fields.plannedFor]) {
    if (optional !== undefined && typeof optional !== "string") return "a name in it is no text";
  }
  return fields.avoids === undefined || areNames(fields.avoids) ? undefined : "what it avoids is no list";
}

/** Errors: invalid-argument. */
export function checkWeights(weights: PlanWeights): void {
  const { agingMs, deadlineHorizonMs, ...points } = weights;
  for (const [name, value] of Object.entries(points)) {
    if (!isWhole(value, 1_000)) throw refused(name, value, "an integer from 0 to 1,000");
  }
  for (const [name, value] of Object.entries({ agingMs, deadlineHorizonMs })) {
    if (!isWhole(value, AMOUNT_MAX) || value === 0) throw refused(name, value, "whole milliseconds from 1");
  }
}

function refused(name: string, value: unknown, wanted: string): CrdtError {
  return new CrdtError("invalid-argument", `plan weight ${name} is ${String(value)}; give ${wanted}`);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function areNames(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length <= PLAN_AGENT_SLOTS_MAX &&
    value.every((name) => typeof name === "string")
  );
}

function isAmount(value: unknown, limit: number): boolean {
  return typeof value === "number" && value >= 0 && value <= limit;
}

function isWhole(value: unknown, limit: number): boolean {
  return Number.isSafeInteger(value) && isAmount(value, limit);
}

function isRecord(value: unknown, limit: number): boolean {
  if (!isObject(value) || Array.isArray(value)) return false;
  const amounts = Object.values(value);
  return amounts.length <= PLAN_RECORD_NAMES_MAX && amounts.every((amount) => isAmount(amount, limit));
}
