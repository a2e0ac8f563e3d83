// Graphs and lists: the first byte of a key says by which rule its entries survive, and each rule has an index.
import { byteAt } from "./binary-string.ts";
import type { DataType, KindRule } from "./data-types.ts";
import { ElementIndex } from "./element-index.ts";
import type { Entry } from "./entry.ts";
import { WinnerIndex } from "./winner-index.ts";

export class KindIndex {
  readonly kind = "kinds";
  readonly #dataType: DataType;
  readonly #indexes: (ElementIndex | WinnerIndex)[] = [];
  /** Those whose sizes make up that of the container. */
  readonly #counted: readonly (ElementIndex | WinnerIndex)[];
  /** Whether its size is that of its positions alone. */
  readonly isOfPositions: boolean;

  constructor(dataType: DataType) {
    this.#dataType = dataType;
    dataType.kinds.forEach((rule, kind) => {
      if (rule !== undefined) this.#indexes[kind] = createIndex(rule);
    });
    const positions = this.#indexes.filter((_, kind) => dataType.kinds[kind]?.rule === "all");
    this.isOfPositions = positions.length > 0;
    this.#counted = this.isOfPositions ? positions : this.#indexes.filter((index) => index !== undefined);
  }

  /** Of a list its positions, of a graph everything that is present. */
  get size(): number {
    return this.#counted.reduce((sum, { size }) => sum + size, 0);
  }

  insert(entry: Entry): void {
    this.of(entry.key).insert(entry);
  }

  remove(entry: Entry): void {
    this.of(entry.key).remove(entry);
  }

  /** The index of a key whose kind is known. */
  of(key: string): ElementIndex | WinnerIndex {
    return this.#indexes[byteAt(key, 0)]!;
  }

  ruleOf(key: string): KindRule | undefined {
    return key === "" ? undefined : this.#dataType.kinds[byteAt(key, 0)];
  }

  /** Whether compaction may drop this entry, which has no payload. */
  isDeletedMark(entry: Entry): boolean {
    const rule = this.ruleOf(entry.key)!;
    return rule.rule === "winner" && !rule.keepsMarks;
  }

  *all(): Generator<Entry> {
    for (const index of this.#indexes) if (index !== undefined) yield* index.all();
  }
}

function createIndex(rule: KindRule): ElementIndex | WinnerIndex {
  return rule.rule === "winner" ? new WinnerIndex() : new ElementIndex(rule.rule === "all");
}
