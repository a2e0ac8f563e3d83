// The order of a list: Fugue (Weidner and Kleppmann 2023), a tree of positions in which a parent stands between its left
// and its right children and siblings ascend by (replica id, sequence), so that runs written at the same time do not
// interleave. A move gives an element another position, and the later move wins (Kleppmann 2020). All of it is a
// function of the entries, whatever order they come in. Cost: O(log n) a call; beside siblings written at the same
// time also the depth of the tree below them. Positions stay for ever; what nobody attached is not shown.
import type { ReplicaId } from "../../engine/engine.ts";
import { type Dot, SIDES, type Side } from "./list-keys.ts";
import { type ListPosition, listPosition } from "./list-position.ts";
import { enterPlace, orNew, Place, removePlace } from "./place.ts";
import { PlaceOrder } from "./place-order.ts";

export class FugueList {
  readonly #root = new Place("" as ReplicaId, 0);
  readonly #order = new PlaceOrder(this.#root);
  readonly #places = new Map<ListPosition, Place>();

  constructor() {
    this.#root.isKnown = true;
    this.#root.isAttached = true;
  }

  get length(): number {
    return this.#order.total;
  }

  /** The place of a dot, a stub if nothing is known of it. */
  place({ replica, sequence }: Dot): Place {
    const name = listPosition(replica, sequence);
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const stub = new Place(replica, sequence);
    this.#places.set(name, stub);
    return stub;
  }

  /** The element of this name; undefined where there is none, or it is not shown. */
  element(name: string): Place | undefined {
    const place = this.#places.get(name as ListPosition);
    return place?.isElement && place.seat !== undefined && !place.isDeleted ? place : undefined;
  }

  /** Enters a position; `isElement` says whether an element came with it. */
  enter(dot: Dot, parent: Dot | undefined, side: Side, isElement: boolean): Place {
    const place = this.place(dot);
    if (place.isKnown) return place;
    place.isKnown = true;
    place.isElement = isElement;
    place.side = side;
    const above = parent === undefined ? this.#root : this.place(parent);
    place.parent = above;
    if (above.isAttached) {
      this.#attach(place);
    } else {
      above.waiting = orNew(above.waiting);
      above.waiting.push(place);
    }
    return place;
  }

  delete(element: Place, isDeleted: boolean): void {
    if (element.isDeleted === isDeleted) return;
    element.isDeleted = isDeleted;
    if (element.seat !== undefined) this.#order.show(element.seat, isDeleted ? -1 : 1);
  }

  /** Moves an element to a position; undefined is its own. */
  move(element: Place, target: Place | undefined): void {
    if (element.target === target) return;
    if (element.target !== undefined) removePlace(element.target.claimants!, element);
    element.target = target;
    if (target !== undefined) {
      target.claimants = orNew(target.claimants);
      target.claimants.push(element);
    }
    this.#seat(element);
  }

  /** The element with this index, which must be from 0 and below `length`. */
  at(index: number): Place {
    const { place, rank } = this.#order.at(index);
    return place.occupants!.filter(({ isDeleted }) => !isDeleted)[rank]!;
  }

  indexOf(element: Place): number {
    const seat = element.seat!;
    const before = seat.occupants!.slice(0, seat.occupants!.indexOf(element));
    return this.#order.countBefore(seat) + before.filter(({ isDeleted }) => !isDeleted).length;
  }

  /** The elements in order. */
  *elements(): IterableIterator<Place> {
    for (const place of this.#order) {
      if (place.shown > 0) for (const element of place.occupants!) if (!element.isDeleted) yield element;
    }
  }

  /** Where a position goes that shall stand right behind the seat of `left`, or first of all. */
  originsBehind(left: Place | undefined): { readonly parent: Dot | undefined; readonly side: Side } {
    const seat = left === undefined ? this.#root : left.seat!;
    if (seat.rightChildren === undefined) return { parent: this.#dotOf(seat), side: SIDES.right };
    return { parent: this.#dotOf(this.#order.next(seat)!), side: SIDES.left };
  }

  #dotOf(place: Place): Dot | undefined {
    return place === this.#root ? undefined : place;
  }

  /** Gives a place whose parent is attached its place in the order, and then all that waited for it. */
  #attach(start: Place): void {
    const ready = [start];
    for (let place = ready.pop(); place !== undefined; place = ready.pop()) {
      if (place.side === SIDES.left) this.#attachLeft(place, place.parent!);
      else this.#attachRight(place, place.parent!);
      place.isAttached = true;
      this.#seat(place);
      for (const element of place.claimants ?? []) this.#seat(element);
      for (const child of place.waiting ?? []) ready.push(child);
      place.waiting = undefined;
    }
  }

  #attachLeft(place: Place, parent: Place): void {
    const siblings = orNew(parent.leftChildren);
    parent.leftChildren = siblings;
    const index = enterPlace(siblings, place);
    const next = siblings[index + 1];
    this.#order.insertBefore(next === undefined ? parent : firstBelow(next), place);
  }

  #attachRight(place: Place, parent: Place): void {
    const siblings = orNew(parent.rightChildren);
    parent.rightChildren = siblings;
    const index = enterPlace(siblings, place);
    const previous = siblings[index - 1];
    this.#order.insertAfter(previous === undefined ? parent : lastBelow(previous), place);
  }

  /** Shows an element where it belongs: at the position it was moved to if that is there and bare, else at its own. */
  #seat(element: Place): void {
    const isMoved = element.target?.isAttached === true && !element.target.isElement;
    const own = isMoved ? element.target : element;
    const seat = element.isAttached && element.isElement ? own : undefined;
    if (seat === element.seat) return;
    const shown = element.isDeleted ? 0 : 1;
    if (element.seat !== undefined) {
      removePlace(element.seat.occupants!, element);
      this.#order.show(element.seat, -shown);
    }
    element.seat = seat;
    if (seat === undefined) return;
    seat.occupants = orNew(seat.occupants);
    enterPlace(seat.occupants, element);
    this.#order.show(seat, shown);
  }
}

function firstBelow(place: Place): Place {
  let node = place;
  while (node.leftChildren !== undefined) node = node.leftChildren[0]!;
  return node;
}

function lastBelow(place: Place): Place {
  let node = place;
  while (node.rightChildren !== undefined) node = node.rightChildren.at(-1)!;
  return node;
}
