// Lists of (slot, how often) a term, in one arena of 32-bit words: 24 bits of slot, 8 of frequency, ascending by slot.
// A list lives in a block of a power of two; one that outgrows its block moves to the next size, and the old block is
// used again. Appending is O(1) amortised, removing O(length).
//
//   word:  | slot (24) | frequency (8) |
//   list:  offset into the arena · length · size class (capacity 2^class)

const FREQUENCY_BITS = 8;
const FREQUENCY_MAX = 255;
const CLASSES = 25;
const FIRST_ARENA_WORDS = 1024;

export class Postings {
  #arena = new Uint32Array(FIRST_ARENA_WORDS);
  #end = 0;
  /** Freed blocks by size class. */
  readonly #free: number[][] = Array.from({ length: CLASSES }, () => []);
  #offsets = new Uint32Array(256);
  #lengths = new Uint32Array(256);
  #classes = new Uint8Array(256);

  /** The words that all lists stand in; valid until the next append. */
  get arenaView(): Uint32Array {
    return this.#arena;
  }

  offset(list: number): number {
    return this.#offsets[list]!;
  }

  /** How many slots a list names. */
  length(list: number): number {
    return list < this.#lengths.length ? this.#lengths[list]! : 0;
  }

  /** Appends a slot above all of the list's. */
  append(list: number, slot: number, frequency: number): void {
    if (list >= this.#lengths.length) this.#growLists(list);
    const length = this.#lengths[list]!;
    if (length === 0) this.#open(list);
    else if (length === 1 << this.#classes[list]!) this.#enlarge(list);
    this.#arena[this.#offsets[list]! + length] =
      (slot << FREQUENCY_BITS) | Math.min(frequency, FREQUENCY_MAX);
    this.#lengths[list] = length + 1;
  }

  /** Takes the slots that `isGone` names out of a list; says how many it has left. */
  remove(list: number, isGone: (slot: number) => boolean): number {
    const start = this.#offsets[list]!;
    const length = this.length(list);
    let kept = 0;
    for (let index = 0; index < length; index++) {
      const posting = this.#arena[start + index]!;
      if (!isGone(posting >>> FREQUENCY_BITS)) this.#arena[start + kept++] = posting;
    }
    this.#arena.fill(0, start + kept, start + length);
    this.#lengths[list] = kept;
    if (kept === 0 && length > 0) this.#free[this.#classes[list]!]!.push(start);
    return kept;
  }

  get bytes(): number {
    return this.#arena.byteLength + this.#offsets.byteLength * 2 + this.#classes.byteLength;
  }

  #open(list: number): void {
    this.#classes[list] = 0;
    this.#offsets[list] = this.#block(0);
  }

  #enlarge(list: number): void {
    const from = this.#offsets[list]!;
    const sizeClass = this.#classes[list]!;
    const to = this.#block(sizeClass + 1);
    this.#arena.copyWithin(to, from, from + (1 << sizeClass));
    this.#free[sizeClass]!.push(from);
    this.#offsets[list] = to;
    this.#classes[list] = sizeClass + 1;
  }

  #block(sizeClass: number): number {
    const freed = this.#free[sizeClass]!.pop();
    if (freed !== undefined) return freed;
    const start = this.#end;
    this.#end += 1 << sizeClass;
    if (this.#end > this.#arena.length) this.#arena = larger(this.#arena, this.#end);
    return start;
  }

  #growLists(list: number): void {
    this.#offsets = larger(this.#offsets, list + 1);
    this.#lengths = larger(this.#lengths, list + 1);
    this.#classes = larger(this.#classes, list + 1);
  }

  /** Each list in order, no hole and no slot twice. */
  checkInvariants(): void {
    for (let list = 0; list < this.#lengths.length; list++) {
      let previous = -1;
      for (let index = 0; index < this.#lengths[list]!; index++) {
        const slot = this.#arena[this.#offsets[list]! + index]! >>> FREQUENCY_BITS;
        if (slot <= previous) throw new Error(`list ${list}: slot ${slot} after ${previous}`);
        previous = slot;
      }
    }
  }
}

type Column = Float64Array | Int32Array | Uint32Array | Uint8Array;

/** A copy with room for `least` numbers, and a half as much again. */
export function larger<C extends Column>(column: C, least: number): C {
  const Kind = column.constructor as new (length: number) => C;
  const copy = new Kind(Math.max(least, Math.ceil(column.length * 1.5)));
  copy.set(column);
  return copy;
}
