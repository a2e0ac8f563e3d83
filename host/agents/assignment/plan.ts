// What a plan says. The same input, in any order, gives the same plan, bit for bit, on every replica.

export interface Assignment {
  readonly task: string;
  readonly agent: string;
  /** Points: the sum of weight × term, each term 0 to 1,000. */
  readonly score: number;
}

/** Why a task has no agent. */
export type UnassignedReason =
  /** Something in its record does not fit. */
  | "malformed"
  /** Nobody is active. */
  | "no-agent"
  /** Nobody has the skills it requires. */
  | "skill"
  /** Nobody who has them has the resources free. */
  | "resources"
  /** It avoids everybody who could run it. */
  | "avoided"
  /** Those who could are taken by tasks before it, or their resources are. */
  | "capacity";

export interface Unassigned {
  readonly task: string;
  readonly reason: UnassignedReason;
}

export interface Plan {
  /** Tasks that wait, each with the agent it should go to; most urgent first. */
  readonly assignments: readonly Assignment[];
  /** Tasks that wait and stay waiting; most urgent first, malformed ones last. */
  readonly unassigned: readonly Unassigned[];
  /** Running tasks, which stay where they are; ascending by task id. */
  readonly kept: readonly { readonly task: string; readonly agent: string }[];
  /** Whether no other plan for the same tasks has a greater sum of scores, or whether exchanges approached it. */
  readonly method: "exact" | "improved-greedy";
  /** Sum of the scores of all assignments. */
  readonly score: number;
  /** Jain's index of how full the active agents are: 1 when equal, 1/n when one has it all; 1 without work. */
  readonly balance: number;
  /** Jain's index of work places in use a share, over tenants with work. */
  readonly fairness: number;
  /** Agents left out because their record is malformed, ascending by id. */
  readonly leftOut: readonly string[];
}
