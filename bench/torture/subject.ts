// What every tortured library has to do: one document with one map of string keys, written, exchanged and read back,
// each value as the library gives it.

export interface Subject {
  set(key: string, value: unknown): void;
  get(key: string): unknown;
  keys(): string[];
  /** All that was written since the last call, as one update. */
  take(): Uint8Array;
  apply(update: Uint8Array): void;
  snapshot(): Uint8Array;
}

export interface Library {
  readonly name: string;
  /** Replicas are numbered from 1. */
  create(replica: number): Promise<Subject>;
  load(snapshot: Uint8Array, replica: number): Promise<Subject>;
}

/** Names of values that JSON confuses are kept apart: −0, NaN, infinities, bigints, undefined, bytes, lone surrogates. */
export function describeValue(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof Uint8Array) return `bytes ${[...value].join(" ")}`;
  if (Array.isArray(value)) return describeNested(value);
  if (typeof value === "object" && value !== null) return describeObject(value);
  return String(value);
}

/** Without recursion as far as arrays of one element go: the depth is part of the torture. */
function describeNested(value: readonly unknown[]): string {
  let depth = 0;
  let inner: unknown = value;
  while (Array.isArray(inner) && inner.length === 1) {
    inner = inner[0];
    depth++;
  }
  const content = Array.isArray(inner) ? `[${inner.map(describeValue).join()}]` : describeValue(inner);
  return `${depth} × ${content}`;
}

function describeObject(value: object): string {
  const rows = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}: ${describeValue((value as Record<string, unknown>)[key])}`);
  return `{${rows.join()}}`;
}

/** All keys and values of a subject, in one order. */
export function describeSubject(subject: Subject): string {
  const rows = subject
    .keys()
    .sort()
    .map((key) => `${JSON.stringify(key)}: ${describeValue(subject.get(key))}`);
  return rows.join("\n");
}
