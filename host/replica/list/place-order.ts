// The places of a list in their order, as a treap (Seidel and Aragon 1996) that counts the shown elements below each
// node: place to index and index to place. Priorities come from a counter, so that equal calls build equal trees.
// Cost: O(log n) expected a call.
import type { Place } from "./place.ts";

const PRIORITY_STEP = 0x9e3779b9;

export class PlaceOrder {
  #top: Place;
  #count = 0;

  constructor(first: Place) {
    this.#top = first;
    this.#enter(first);
  }

  /** Elements shown in all. */
  get total(): number {
    return this.#top.total;
  }

  insertAfter(anchor: Place, place: Place): void {
    if (anchor.after === undefined) {
      anchor.after = place;
      place.up = anchor;
    } else {
      const next = first(anchor.after);
      next.before = place;
      place.up = next;
    }
    this.#enter(place);
    this.#rise(place);
  }

  insertBefore(anchor: Place, place: Place): void {
    if (anchor.before === undefined) {
      anchor.before = place;
      place.up = anchor;
      this.#enter(place);
      this.#rise(place);
    } else {
      this.insertAfter(last(anchor.before), place);
    }
  }

  /** The place right behind `place`. */
  next(place: Place): Place | undefined {
    if (place.after !== undefined) return first(place.after);
    let below = place;
    let { up } = place;
    while (up !== undefined && up.after === below) {
      below = up;
      up = up.up;
    }
    return up;
  }

  /** `count` more (or fewer) elements are shown at `place`. */
  show(place: Place, count: number): void {
    place.shown += count;
    for (let node: Place | undefined = place; node !== undefined; node = node.up) node.total += count;
  }

  /** How many elements are shown before `place`. */
  countBefore(place: Place): number {
    let count = place.before?.total ?? 0;
    for (let node = place; node.up !== undefined; node = node.up) {
      if (node.up.after === node) count += node.up.total - node.total;
    }
    return count;
  }

  /** The place where the element with this index is shown, and how many of those shown there come before it. */
  at(index: number): { readonly place: Place; readonly rank: number } {
    let rest = index;
    let place = this.#top;
    for (;;) {
      const before = place.before?.total ?? 0;
      if (rest < before) {
        place = place.before!;
      } else if (rest < before + place.shown) {
        return { place, rank: rest - before };
      } else {
        rest -= before + place.shown;
        place = place.after!;
      }
    }
  }

  /** All places in order. */
  *[Symbol.iterator](): IterableIterator<Place> {
    for (let place: Place | undefined = first(this.#top); place !== undefined; place = this.next(place)) {
      yield place;
    }
  }

  #enter(place: Place): void {
    this.#count++;
    let mixed = Math.imul(this.#count, PRIORITY_STEP);
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    place.priority = (mixed ^ (mixed >>> 16)) >>> 0;
  }

  /** Rotates a new leaf up until no priority above it is lower. */
  #rise(place: Place): void {
    for (let { up } = place; up !== undefined && up.priority < place.priority; up = place.up) {
      rotateUp(place, up);
    }
    if (place.up === undefined) this.#top = place;
  }
}

function first(place: Place): Place {
  let node = place;
  while (node.before !== undefined) node = node.before;
  return node;
}

function last(place: Place): Place {
  let node = place;
  while (node.after !== undefined) node = node.after;
  return node;
}

function rotateUp(place: Place, up: Place): void {
  const above = up.up;
  if (up.before === place) {
    up.before = place.after;
    if (up.before !== undefined) up.before.up = up;
    place.after = up;
  } else {
    up.after = place.before;
    if (up.after !== undefined) up.after.up = up;
    place.before = up;
  }
  up.up = place;
  place.up = above;
  if (above !== undefined) {
    if (above.before === up) above.before = place;
    else above.after = place;
  }
  place.total = up.total;
  up.total = up.shown + (up.before?.total ?? 0) + (up.after?.total ?? 0);
}
