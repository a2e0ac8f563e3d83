// What is known of an owner, field by field. A field is a path ("address.city"), so nested fields are written and won
// separately; each says where it comes from. Of values written at the same time the later is read, and all are there for
// who asks for candidates.
import { CrdtError } from "../errors.ts";
import { VALUE_DEPTH_MAX } from "../limits.ts";
import { isLater, latestOf } from "../replica/candidate.ts";
import type { MultiMapHandle } from "../replica/multi-map/multi-map-handle.ts";
import { defineEntry, type Value } from "../wire/value.ts";
import type { Forgets } from "./forgets.ts";
import { checkName } from "./scope.ts";
import { isName, isNames, isTime, refused } from "./turn-record.ts";

export interface ProfileField {
  readonly value: Value;
  readonly timeMs: number;
  /** Where it comes from: the id of a turn, or a name. */
  readonly source: string | undefined;
}

export type StoredField = { v: Value; m: number; c?: string; h?: string[] };

/** A profile as it is written: values, or objects of them, nested as deep as it takes. */
export type ProfileUpdate = { readonly [field: string]: Value };

const OWNER = { agent: "", run: "" };
const isObject = (value: Value): value is { readonly [key: string]: Value } =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

export class Profile {
  readonly #fields: MultiMapHandle<Record<string, StoredField>>;
  readonly #forgets: () => Forgets;

  constructor(fields: MultiMapHandle<Record<string, StoredField>>, forgets: () => Forgets) {
    this.#fields = fields;
    this.#forgets = forgets;
  }

  /** Writes each field that `update` names; the others stay. Errors: invalid-argument, invalid-value, limit-exceeded. */
  set(update: ProfileUpdate, timeMs: number, source: string | undefined): void {
    if (source !== undefined) checkName(source, "source");
    const seen = this.#forgets().latest();
    const rest = {
      ...(source === undefined ? {} : { c: source }),
      ...(seen.length === 0 ? {} : { h: seen }),
    };
    const fields = [...leavesOf(update, [])];
    this.#fields.setMany(fields.map(([path, value]) => [path, { v: value, m: timeMs, ...rest }] as const));
  }

  delete(path: string): boolean {
    return this.#fields.delete(path);
  }

  /** The field at a path; undefined where there is none. */
  get(path: string): ProfileField | undefined {
    return this.candidates(path).at(-1);
  }

  /** All values of a field that no later write has seen, the latest last. */
  candidates(path: string): ProfileField[] {
    const known = this.#fields
      .candidates(path)
      .map((candidate) => ({ candidate, field: this.#readable(path, candidate.value) }));
    known.sort((left, right) => (isLater(left.candidate, right.candidate) ? 1 : -1));
    return known.flatMap(({ field }) => field ?? []);
  }

  /** Paths that have a value, in order. */
  paths(): string[] {
    return [...this.#fields.keys()].filter((path) => this.get(path) !== undefined).sort();
  }

  /** The whole profile, nested as its paths say; without those of peers that are deeper than a value may be. */
  values(): Record<string, unknown> {
    const whole: Record<string, unknown> = {};
    for (const path of this.paths()) {
      const keys = path.split(".");
      if (keys.length <= VALUE_DEPTH_MAX) put(whole, keys, this.get(path)!.value);
    }
    return whole;
  }

  /** Takes what is forgotten out of the document; says of how many fields. */
  purge(): number {
    let purged = 0;
    for (const path of [...this.#fields.keys()]) {
      const all = this.#fields.candidates(path);
      const kept = all.filter(({ value }) => this.#readable(path, value) !== undefined);
      if (kept.length === all.length) continue;
      purged++;
      // A write replaces all that it sees, so what stays is written once more.
      if (kept.length > 0) this.#fields.set(path, latestOf(kept).value as StoredField);
      else this.#fields.delete(path);
    }
    return purged;
  }

  #readable(path: string, value: unknown): ProfileField | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const { v, m, c, h } = value as Partial<Record<keyof StoredField, unknown>>;
    const isWhole =
      v !== undefined && isTime(m) && (c === undefined || isName(c)) && (h === undefined || isNames(h));
    if (!isWhole) return undefined;
    if (this.#forgets().isForgotten(`profile/${path}`, OWNER, undefined, h as string[] | undefined))
      return undefined;
    return { value: v as Value, timeMs: m as number, source: c as string | undefined };
  }
}

function* leavesOf(update: ProfileUpdate, path: readonly string[]): Generator<[path: string, value: Value]> {
  for (const [key, value] of Object.entries(update)) {
    checkName(key, "a profile field");
    if (key.includes(".")) throw refused("a profile field", key, "give nested objects instead of a dot");
    if (path.length >= VALUE_DEPTH_MAX) {
      throw new CrdtError(
        "limit-exceeded",
        `a profile is nested deeper than ${VALUE_DEPTH_MAX} fields; give one that is flatter`,
      );
    }
    if (isObject(value) && Object.keys(value).length > 0) yield* leavesOf(value, [...path, key]);
    else yield [[...path, key].join("."), value];
  }
}

function put(whole: Record<string, unknown>, [key, ...rest]: string[], value: Value): void {
  if (rest.length === 0) {
    defineEntry(whole, key!, value);
    return;
  }
  const own = Object.hasOwn(whole, key!) ? whole[key!] : undefined;
  const isNested = typeof own === "object" && own !== null && !Array.isArray(own) && !Object.isFrozen(own);
  const nested = isNested ? (own as Record<string, unknown>) : {};
  defineEntry(whole, key!, nested);
  put(nested, rest, value);
}
