// How a path from one machine to another behaves now: the sum of the troubles that lie on it.

export interface PathConditions {
  /** Nothing arrives; what is sent waits, as a socket's does. */
  readonly isCut: boolean;
  /** On top of the latency, in milliseconds: up to this much, drawn for each message. */
  readonly delayMs: number;
  /** Chances in [0, 1] a message; of a message at most one of these happens, in this order. */
  readonly loss: number;
  readonly duplication: number;
  readonly reordering: number;
  readonly truncation: number;
  readonly flip: number;
  /** New connections are refused. */
  readonly isRefusing: boolean;
}

export const FREE_PATH: PathConditions = {
  isCut: false,
  delayMs: 0,
  loss: 0,
  duplication: 0,
  reordering: 0,
  truncation: 0,
  flip: 0,
  isRefusing: false,
};

/** A trouble on some paths. */
export interface Trouble {
  readonly conditions: Partial<PathConditions>;
  covers(from: number, to: number): boolean;
}

export function addConditions(path: PathConditions, more: Partial<PathConditions>): PathConditions {
  return {
    isCut: path.isCut || (more.isCut ?? false),
    isRefusing: path.isRefusing || (more.isRefusing ?? false),
    delayMs: path.delayMs + (more.delayMs ?? 0),
    loss: Math.max(path.loss, more.loss ?? 0),
    duplication: Math.max(path.duplication, more.duplication ?? 0),
    reordering: Math.max(path.reordering, more.reordering ?? 0),
    truncation: Math.max(path.truncation, more.truncation ?? 0),
    flip: Math.max(path.flip, more.flip ?? 0),
  };
}
