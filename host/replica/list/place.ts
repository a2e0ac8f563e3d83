// A position of a list and, where something was inserted with it, the element that came with it. One that is only
// talked of stands as a stub until its entry comes, so that entries may come in any order.
import type { Dot, Side } from "./list-keys.ts";
import { type ListPosition, listPosition } from "./list-position.ts";

export class Place implements Dot {
  readonly replica: Dot["replica"];
  readonly sequence: number;

  /** Where it stands, once its entry came. */
  parent: Place | undefined;
  side: Side = 0;
  isKnown = false;
  /** Whether all its ancestors are known, so that it stands in the order. */
  isAttached = false;
  /** Attached ones, ascending. */
  leftChildren: Place[] | undefined;
  rightChildren: Place[] | undefined;
  /** Children that came before it did. */
  waiting: Place[] | undefined;

  // As an element: whether there is one, and where it was moved to.
  isElement = false;
  isDeleted = false;
  /** Whether a later write gave it its value. */
  isSet = false;
  target: Place | undefined;
  /** The position it is shown at. */
  seat: Place | undefined;
  /** Undefined while it was not read, or must not be kept. */
  value: unknown;

  /** Elements moved here, shown here or not. */
  claimants: Place[] | undefined;
  /** Elements shown here, deleted or not, ascending: mostly one. */
  occupants: Place[] | undefined;

  // As a node of the order (place-order.ts).
  up: Place | undefined;
  before: Place | undefined;
  after: Place | undefined;
  priority = 0;
  /** Elements shown here, and here and below. */
  shown = 0;
  total = 0;

  constructor(replica: Dot["replica"], sequence: number) {
    this.replica = replica;
    this.sequence = sequence;
  }

  get name(): ListPosition {
    return listPosition(this.replica, this.sequence);
  }
}

/** Enters `place` where it belongs by (replica id, sequence); returns its index. */
export function enterPlace(places: Place[], place: Place): number {
  let low = 0;
  let high = places.length;
  // What comes in order belongs behind all others.
  if (high > 0 && isBefore(places[high - 1]!, place)) low = high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(places[middle]!, place)) low = middle + 1;
    else high = middle;
  }
  places.splice(low, 0, place);
  return low;
}

/** The array, or a new one. */
export function orNew(places: Place[] | undefined): Place[] {
  return places ?? [];
}

export function removePlace(places: Place[], place: Place): void {
  places.splice(places.indexOf(place), 1);
}

function isBefore(left: Place, right: Place): boolean {
  return left.replica === right.replica ? left.sequence < right.sequence : left.replica < right.replica;
}
