// Where vertices are drawn: all push each other away, edges pull their ends together, and what is left of motion cools
// down (Fruchterman and Reingold 1991). A vertex that was there keeps its place, a new one begins beside a neighbour, so
// that a growing graph does not jump; where it begins depends on its id alone, so that the same graph looks the same.
// Cost of a step: the square of the vertices, of which the page draws few.

export interface Point {
  x: number;
  y: number;
}

export type Link = readonly [from: string, to: string];

/** Steps from warm to at rest. */
const COOLING = 0.96;
const REST = 0.4;
/** Wished distance of two ends. */
const LENGTH = 62;
const GRAVITY = 0.035;

export class ForceLayout {
  readonly #points = new Map<string, Point>();
  #links: readonly Link[] = [];
  #heat = 0;

  get isAtRest(): boolean {
    return this.#heat < REST;
  }

  get points(): ReadonlyMap<string, Readonly<Point>> {
    return this.#points;
  }

  /** Takes what is to be drawn from now on. */
  set(vertices: readonly string[], links: readonly Link[]): void {
    const wanted = new Set(vertices);
    const before = this.#points.size;
    for (const id of this.#points.keys()) if (!wanted.has(id)) this.#points.delete(id);
    const isSame = this.#points.size === before && vertices.every((id) => this.#points.has(id));
    if (isSame && sameLinks(links, this.#links)) return;
    const neighbours = new Map<string, Point>();
    for (const [from, to] of links) {
      const [start, end] = [this.#points.get(from), this.#points.get(to)];
      if (end !== undefined) neighbours.set(from, end);
      if (start !== undefined) neighbours.set(to, start);
    }
    const isFirst = this.#points.size === 0;
    for (const id of vertices) {
      if (this.#points.has(id)) continue;
      const angle = unit(id, 0x9e3779b1) * 2 * Math.PI;
      const distance = isFirst
        ? LENGTH * Math.sqrt(vertices.length) * Math.sqrt(unit(id, 0x85ebca6b)) * 0.8
        : LENGTH;
      const origin = neighbours.get(id) ?? { x: 0, y: 0 };
      this.#points.set(id, {
        x: origin.x + distance * Math.cos(angle),
        y: origin.y + distance * Math.sin(angle),
      });
    }
    this.#links = links;
    this.#heat = Math.max(this.#heat, isFirst ? LENGTH : LENGTH / 6);
  }

  /** Moves everything by one step. */
  step(): void {
    if (this.isAtRest) return;
    const points = [...this.#points.values()];
    const moves = points.map(({ x, y }) => ({ x: -GRAVITY * x, y: -GRAVITY * y }));
    pushApart(points, moves);
    const index = new Map([...this.#points.keys()].map((id, place) => [id, place]));
    for (const [from, to] of this.#links) {
      const [start, end] = [index.get(from), index.get(to)];
      if (start === undefined || end === undefined || start === end) continue;
      pull(points[start]!, points[end]!, moves[start]!, moves[end]!);
    }
    points.forEach((point, place) => {
      const { x, y } = moves[place]!;
      const distance = Math.hypot(x, y);
      const share = distance > this.#heat ? this.#heat / distance : 1;
      point.x += x * share;
      point.y += y * share;
    });
    this.#heat *= COOLING;
  }

  /** Moves until nothing moves, for those who want no motion. */
  settle(): void {
    while (!this.isAtRest) this.step();
  }
}

function pushApart(points: readonly Point[], moves: readonly Point[]): void {
  for (let left = 0; left < points.length; left++) {
    for (let right = left + 1; right < points.length; right++) {
      let x = points[left]!.x - points[right]!.x;
      const y = points[left]!.y - points[right]!.y;
      if (x === 0 && y === 0) x = 0.01 * (1 + left);
      const force = (LENGTH * LENGTH) / (x * x + y * y);
      moves[left]!.x += x * force;
      moves[left]!.y += y * force;
      moves[right]!.x -= x * force;
      moves[right]!.y -= y * force;
    }
  }
}

function pull(start: Point, end: Point, startMove: Point, endMove: Point): void {
  const [x, y] = [start.x - end.x, start.y - end.y];
  const force = Math.hypot(x, y) / LENGTH / 2;
  startMove.x -= x * force;
  startMove.y -= y * force;
  endMove.x += x * force;
  endMove.y += y * force;
}

function sameLinks(left: readonly Link[], right: readonly Link[]): boolean {
  if (left.length !== right.length) return false;
  return left.every(([from, to], index) => right[index]![0] === from && right[index]![1] === to);
}

/** A number from 0 to 1 that depends on the text alone (FNV-1a). */
function unit(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash ^= hash >>> 15;
  return (Math.imul(hash, 0x2c1b3c6d) >>> 0) / 0x1_0000_0000;
}
