// What a resource checks so that an execution which lost its right cannot change it any more: each start of a task has a
// token, and a resource takes none below the greatest it has seen. After Kleppmann, "How to do distributed locking".
import { CrdtError } from "../errors.ts";

export interface FencingToken {
  readonly task: string;
  /** Rises with each right given to run the task. */
  readonly epoch: number;
  /** The replica that runs it: two that were cut off may have the same epoch, in mode eventual. */
  readonly replica: string;
}

/** Below 0 where `left` is older than `right`. */
export function compareTokens(left: FencingToken, right: FencingToken): number {
  if (left.epoch !== right.epoch) return left.epoch - right.epoch;
  return left.replica === right.replica ? 0 : left.replica < right.replica ? 1 : -1;
}

/** Stands in front of a resource. What it knows must be kept with the resource: `seen` begins it, `onRaise` stores it. */
export class TokenCheck {
  readonly #greatest = new Map<string, FencingToken>();
  readonly #onRaise: (token: FencingToken) => void;

  constructor(seen: Iterable<FencingToken> = [], onRaise: (token: FencingToken) => void = () => {}) {
    this.#onRaise = onRaise;
    for (const token of seen) this.#raise(token);
  }

  /** The greatest token seen of a task. */
  greatest(task: string): FencingToken | undefined {
    return this.#greatest.get(task);
  }

  isCurrent(token: FencingToken): boolean {
    const greatest = this.#greatest.get(token.task);
    return greatest === undefined || compareTokens(token, greatest) >= 0;
  }

  /** To be called before each change. Errors: stale-token. */
  check(token: FencingToken): void {
    const greatest = this.#greatest.get(token.task);
    if (greatest !== undefined && compareTokens(token, greatest) < 0) {
      throw new CrdtError(
        "stale-token",
        `task ${token.task}: epoch ${token.epoch} of replica ${token.replica} came after epoch ${greatest.epoch} of replica ${greatest.replica}; this execution has lost its right, stop it`,
      );
    }
    if (this.#raise(token)) this.#onRaise(token);
  }

  #raise(token: FencingToken): boolean {
    const greatest = this.#greatest.get(token.task);
    if (greatest !== undefined && compareTokens(token, greatest) <= 0) return false;
    this.#greatest.set(token.task, token);
    return true;
  }
}
