// What a subscriber is told: one change per container that a mutation, a transaction or a merge touched.
import type { ReplicaId } from "../engine/engine.ts";
import type { AttributePlace } from "./graph/graph-changes.ts";
import type { GraphEdge } from "./graph/graph-keys.ts";
import type { ListPosition } from "./list/list-position.ts";

/** Whether a change was made through this replica or came in by a merge. */
export type ChangeOrigin = "local" | "remote";

interface ChangeBase {
  readonly container: string;
  readonly origin: ChangeOrigin;
}

export interface CounterChange extends ChangeBase {
  readonly type: "counter";
  /** The replicas whose sums rose. */
  readonly replicas: readonly ReplicaId[];
}

export interface RegisterChange extends ChangeBase {
  readonly type: "register";
  readonly isPresent: boolean;
}

export interface MapChange extends ChangeBase {
  readonly type: "map";
  /** Keys that have a new value. */
  readonly set: readonly string[];
  /** Keys that are gone; a key deleted afar that was never here may be among them. */
  readonly deleted: readonly string[];
}

export interface SetChange extends ChangeBase {
  readonly type: "set";
  /** Elements added; one that was there and was added again by somebody else may be among them. */
  readonly added: readonly unknown[];
  readonly removed: readonly unknown[];
}

export interface FlagChange extends ChangeBase {
  readonly type: "flag";
  readonly isEnabled: boolean;
}

export interface LogChange extends ChangeBase {
  readonly type: "log";
  /** How many entries came in. */
  readonly appended: number;
  readonly isTruncated: boolean;
}

export interface MultiValueChange extends ChangeBase {
  readonly type: "multi-value";
  readonly isPresent: boolean;
  /** Whether there is more than one value. */
  readonly isConflicted: boolean;
}

export interface MultiMapChange extends ChangeBase {
  readonly type: "multi-map";
  /** Keys that have a new value. */
  readonly set: readonly string[];
  readonly deleted: readonly string[];
  /** Those of the new ones that a merge left with more than one value. */
  readonly conflicted: readonly string[];
}

export interface ExtremeChange extends ChangeBase {
  readonly type: "maximum" | "minimum";
  readonly value: number;
}

export interface BoundedChange extends ChangeBase {
  readonly type: "bounded";
  /** The replicas that created, spent or gave. */
  readonly replicas: readonly ReplicaId[];
}

/** The times that new points of a label span, in milliseconds. */
export interface SeriesSpan {
  readonly label: string;
  readonly from: number;
  readonly to: number;
}

export interface SeriesChange extends ChangeBase {
  readonly type: "series";
  /** The labels with new points; those that retention takes at once may be among them. */
  readonly appended: readonly SeriesSpan[];
  /** Whether old points went, of any label. */
  readonly isTruncated: boolean;
}

export interface WorkflowChange extends ChangeBase {
  readonly type: "workflow";
  /** The instances whose history grew. */
  readonly instances: readonly string[];
}

export interface VoteChange extends ChangeBase {
  readonly type: "vote";
  /** The proposals made or voted on. */
  readonly proposals: readonly string[];
}

export interface GraphChange extends ChangeBase {
  readonly type: "graph";
  /** One that was there and was added again by somebody else may be among those added. */
  readonly vertices: { readonly added: readonly string[]; readonly removed: readonly string[] };
  /** Edges added and removed themselves, visible or not; those a vertex shows or hides by coming or going are not listed. */
  readonly edges: { readonly added: readonly GraphEdge[]; readonly removed: readonly GraphEdge[] };
  /** Attributes written or deleted. */
  readonly attributes: readonly AttributePlace[];
}

export interface ListChange extends ChangeBase {
  readonly type: "list";
  /** Elements that are new. */
  readonly inserted: readonly ListPosition[];
  /** Elements that were deleted; one deleted afar that was deleted here may be among them. */
  readonly deleted: readonly ListPosition[];
  /** Elements with a new value, those among them that were deleted before. */
  readonly set: readonly ListPosition[];
  readonly moved: readonly ListPosition[];
}

export type Change =
  | CounterChange
  | RegisterChange
  | MapChange
  | SetChange
  | FlagChange
  | LogChange
  | MultiValueChange
  | MultiMapChange
  | ExtremeChange
  | BoundedChange
  | SeriesChange
  | WorkflowChange
  | VoteChange
  | GraphChange
  | ListChange;
export type ChangeListener = (change: Change) => void;
