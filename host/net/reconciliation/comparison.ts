// The asking half of a comparison: goes down the ranges that differ, sixteen parts at a time, until the other side
// lists what is in them. Equal sets are one request and one answer; k differences among n documents take about
// k · log16(n / 32) cuts of 256 bytes each and k lists of 16 bytes a document. It keeps no state between comparisons.
import {
  COMPARISON_DIFFERENCES_MAX,
  COMPARISON_NAMES_MAX,
  COMPARISON_RANGES_MAX,
  COMPARISON_REQUESTS_MAX,
  DOCUMENT_NAME_BYTES_MAX,
} from "../../limits.ts";
import { areEqualFingerprints, EMPTY_FINGERPRINT } from "../../wire/fingerprint.ts";
import { malformed } from "../frame-reader.ts";
import { type Item, type ItemTree, placeOf, type RangeName } from "./item-tree.ts";
import type { Answer, Expansion, ListedItem, Request } from "./messages.ts";

export interface Differences {
  /** Documents that only one side has, or that are not the same on both. */
  readonly names: readonly string[];
  /** Questions asked: each is a round trip. */
  readonly requests: number;
  /** There may be more than this comparison brought. */
  readonly isCut: boolean;
}

/** Asks the other side; resolves with its answer. */
export type Ask = (request: Request) => Promise<Answer>;

/** What differs between `tree` and the other side. Errors: protocol-error for answers no honest side gives. */
export async function findDifferences(tree: ItemTree, prefix: string, ask: Ask): Promise<Differences> {
  return new Comparison(tree, prefix, ask).run();
}

class Comparison {
  readonly #tree: ItemTree;
  readonly #prefix: string;
  readonly #ask: Ask;
  readonly #names = new Set<string>();
  /** What only the other side has: names are to be asked for. */
  readonly #places: string[] = [];
  /** Ranges to go into; the last ones first, so that there are never many. */
  readonly #ranges: RangeName[] = [];
  #requests = 0;

  constructor(tree: ItemTree, prefix: string, ask: Ask) {
    this.#tree = tree;
    this.#prefix = prefix;
    this.#ask = ask;
  }

  async run(): Promise<Differences> {
    const { fingerprint } = this.#tree.range("");
    const first = await this.#request({ kind: "compare", prefix: this.#prefix, fingerprint });
    if (first.kind === "ranges") this.#expanded("", first.expansions[0]!);
    while (this.#ranges.length > 0 && !this.#isFull) {
      const ranges = this.#ranges.splice(-COMPARISON_RANGES_MAX);
      const answer = await this.#request({ kind: "expand", ranges });
      if (answer.kind !== "ranges") continue;
      for (const [index, expansion] of answer.expansions.entries()) this.#expanded(ranges[index]!, expansion);
    }
    const isCut = this.#isFull;
    for (let start = 0; start < this.#places.length; start += COMPARISON_NAMES_MAX) {
      await this.#askNames(this.#places.slice(start, start + COMPARISON_NAMES_MAX));
    }
    return { names: [...this.#names], requests: this.#requests, isCut };
  }

  get #isFull(): boolean {
    return this.#names.size + this.#places.length >= COMPARISON_DIFFERENCES_MAX;
  }

  #request(request: Request): Promise<Answer> {
    if (++this.#requests > COMPARISON_REQUESTS_MAX) {
      throw malformed(
        `${COMPARISON_REQUESTS_MAX} requests did not bring a comparison of documents to its end`,
      );
    }
    return this.#ask(request);
  }

  #expanded(range: RangeName, expansion: Expansion): void {
    if (expansion.kind === "list") this.#compareList(this.#tree.items(range), expansion.items);
    else
      for (const [digit, branch] of expansion.branches.entries()) {
        const part = range + digit.toString(16);
        const own = this.#tree.range(part);
        if (areEqualFingerprints(own.fingerprint, branch)) continue;
        if (areEqualFingerprints(branch, EMPTY_FINGERPRINT)) this.#addAll(this.#tree.items(part));
        else this.#ranges.push(part);
      }
  }

  #compareList(own: readonly Item[], theirs: readonly ListedItem[]): void {
    const theirsByPlace = new Map(theirs.map((item) => [item.place, item]));
    for (const item of own) {
      const other = theirsByPlace.get(item.place);
      theirsByPlace.delete(item.place);
      const isEqual = other?.first === item.fingerprint[0] && other.second === item.fingerprint[1];
      if (!isEqual) this.#addAll([item]);
    }
    this.#places.push(...theirsByPlace.keys());
  }

  #addAll(items: readonly Item[]): void {
    for (const { names } of items) for (const name of names) this.#names.add(name);
  }

  async #askNames(places: readonly string[]): Promise<void> {
    const answer = await this.#request({ kind: "names", places });
    if (answer.kind !== "names") return;
    for (const [index, names] of answer.names.entries()) {
      for (const name of names) this.#names.add(this.#checkName(name, places[index]!));
    }
  }

  #checkName(name: string, place: string): string {
    const bytes = new TextEncoder().encode(name).length;
    const isName = bytes > 0 && bytes <= DOCUMENT_NAME_BYTES_MAX && name.startsWith(this.#prefix);
    if (!isName || placeOf(name) !== place) throw malformed(`"${name}" is no document at place ${place}`);
    return name;
  }
}
