// The values a document can hold, and why something is not one of them. The encoder only says "no"; this file
// walks the value again to find where and why, so that the good path pays nothing for the message.
import { CrdtError } from "../errors.ts";
import { VALUE_DEPTH_MAX } from "../limits.ts";

export type Value =
  | null
  | boolean
  | number
  | string
  | bigint
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value };

/** `T` where it can be stored; `never` in the place of what cannot. */
export type Storable<T> = T extends Value
  ? T
  : T extends undefined | symbol | ((...parameters: never[]) => unknown)
    ? never
    : { [K in keyof T]: Storable<Exclude<T[K], undefined>> };

/** No parameters where `T` can be stored, an impossible one where it cannot: `f<T>(...check: StorableCheck<T>)`. */
export type StorableCheck<T> = [T] extends [Storable<T>] ? [] : [notStorable: never];

/** A value as reads give it back: frozen all the way down. Bytes cannot be frozen; each read copies them. */
export type Frozen<T> = [Value] extends [T]
  ? T
  : T extends null | boolean | number | string | bigint | Uint8Array
    ? T
    : T extends object
      ? { readonly [K in keyof T]: Frozen<T[K]> }
      : T;

/** Whether `value` is an object literal: made by `{}`, by JSON, or without a prototype. */
export function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}

/** The error for a value the encoder refused, naming the place. `name` is what the caller calls the value. */
export function invalidValueError(value: unknown, name: string): CrdtError {
  const fault = findFault(value, name, []) ?? { path: name, reason: "cannot be stored" };
  return new CrdtError(
    "invalid-value",
    `${fault.path} ${fault.reason}; store null, booleans, numbers, strings, bigints, Uint8Arrays, arrays or plain objects`,
  );
}

interface Fault {
  readonly path: string;
  readonly reason: string;
}

function findFault(value: unknown, path: string, ancestors: readonly object[]): Fault | undefined {
  if (typeof value !== "object" || value === null) return scalarFault(value, path);
  if (ancestors.includes(value)) return { path, reason: "contains itself" };
  if (value instanceof Uint8Array) return undefined;
  if (ancestors.length >= VALUE_DEPTH_MAX) {
    return { path, reason: `is nested deeper than ${VALUE_DEPTH_MAX} levels` };
  }
  const within = [...ancestors, value];
  if (Array.isArray(value)) return arrayFault(value, path, within);
  if (!isPlainObject(value)) return { path, reason: `is ${describeObject(value)}` };
  for (const key of Object.keys(value)) {
    const fault = findFault(value[key], `${path}${pathStep(key)}`, within);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function scalarFault(value: unknown, path: string): Fault | undefined {
  if (value === undefined) return { path, reason: "is undefined (leave it out, or store null)" };
  if (typeof value === "function" || typeof value === "symbol")
    return { path, reason: `is a ${typeof value}` };
  return undefined;
}

function arrayFault(array: readonly unknown[], path: string, within: readonly object[]): Fault | undefined {
  for (let index = 0; index < array.length; index++) {
    const itemPath = `${path}[${index}]`;
    if (!(index in array))
      return { path: itemPath, reason: "is a hole in a sparse array (store null there)" };
    const fault = findFault(array[index], itemPath, within);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function describeObject(value: object): string {
  if (value instanceof Date) return "a Date (store date.getTime() or date.toISOString())";
  if (value instanceof Map || value instanceof Set) {
    return `a ${value.constructor.name} (store [...it] or an object)`;
  }
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return `binary data of type ${value.constructor.name} (store a Uint8Array of its bytes)`;
  }
  return `an instance of ${value.constructor?.name || "an unnamed class"}`;
}

function pathStep(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** `value` as JSON can hold it: bigints as decimal strings, bytes as base64. */
export function jsonView(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return base64(value);
  if (Array.isArray(value)) return value.map(jsonView);
  const view: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) defineEntry(view, key, jsonView(item));
  return view;
}

/** Sets a property even where its name is `__proto__`. */
export function defineEntry(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[key] = value;
  }
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
