// What a document holds, by name and type. The types flow from here to every handle: `schema({ on: flag() })` makes
// `document.on` a FlagHandle. Values are checked when they are written, not here.
import type { ContainerTypeName } from "../engine/engine.ts";
import { CrdtError } from "../errors.ts";
import { CONTAINER_NAME_BYTES_MAX } from "../limits.ts";
import { hasLoneSurrogate } from "../wire/key-codec.ts";
import type { StorableCheck, Value } from "../wire/value.ts";
import type { CounterHandle } from "./counter-handle.ts";
import type { FlagHandle } from "./flag-handle.ts";
import type { LogHandle } from "./log-handle.ts";
import type { MapHandle } from "./map-handle.ts";
import type { RegisterHandle } from "./register-handle.ts";
import type { SetHandle } from "./set-handle.ts";

declare const handleType: unique symbol;

/** A container's type, and as a type-level note the handle that `open` gives for it. */
export interface ContainerDefinition<Type extends ContainerTypeName = ContainerTypeName, Handle = unknown> {
  readonly type: Type;
  readonly [handleType]?: Handle;
}

export type ContainerDefinitions = { readonly [name: string]: ContainerDefinition };

/** The names a document needs for itself; containers cannot have them. */
export const RESERVED_NAMES = [
  "close",
  "compact",
  "constructor",
  "containers",
  "deltaSince",
  "digest",
  "durable",
  "load",
  "merge",
  "name",
  "snapshot",
  "statistics",
  "subscribe",
  "then",
  "toJSON",
  "transact",
  "versionVector",
] as const;
/** Those the type checker can refuse; every object has a `constructor`. */
export type ReservedName = Exclude<(typeof RESERVED_NAMES)[number], "constructor">;

export interface Schema<Definitions extends ContainerDefinitions> {
  readonly containers: Definitions;
}

/** The handles of a schema, by container name. */
export type Handles<S> =
  S extends Schema<infer Definitions>
    ? {
        readonly [Name in keyof Definitions]: Definitions[Name] extends ContainerDefinition<
          ContainerTypeName,
          infer Handle
        >
          ? Handle
          : never;
      }
    : never;

/** Checks the names and freezes the whole. Errors: invalid-argument. */
export function schema<Definitions extends ContainerDefinitions>(
  containers: Definitions & { readonly [Name in ReservedName]?: never },
): Schema<Definitions> {
  for (const [name, definition] of Object.entries<ContainerDefinition | undefined>(containers)) {
    checkContainerName(name);
    if (definition === undefined || !Object.values<ContainerDefinition>(DEFINITIONS).includes(definition)) {
      throw new CrdtError(
        "invalid-argument",
        `container "${name}" has no type; give counter(), register(), map(), set(), flag() or log()`,
      );
    }
  }
  return Object.freeze({ containers: Object.freeze({ ...containers }) });
}

const DEFINITIONS = Object.freeze({
  counter: Object.freeze({ type: "counter" }),
  register: Object.freeze({ type: "register" }),
  map: Object.freeze({ type: "map" }),
  set: Object.freeze({ type: "set" }),
  flag: Object.freeze({ type: "flag" }),
  log: Object.freeze({ type: "log" }),
} as const satisfies Partial<Record<ContainerTypeName, ContainerDefinition>>);

/** An integer that replicas count up and down together. */
export function counter(): ContainerDefinition<"counter", CounterHandle> {
  return DEFINITIONS.counter;
}

/** One value; the later write wins. */
export function register<T = Value>(
  ..._check: StorableCheck<T>
): ContainerDefinition<"register", RegisterHandle<T>> {
  return DEFINITIONS.register;
}

/** Values by string key; the later write of a key wins. */
export function map<T extends object = Record<string, Value>>(
  ..._check: StorableCheck<T>
): ContainerDefinition<"map", MapHandle<T>> {
  return DEFINITIONS.map;
}

/** Distinct values; adding and removing one at the same time leaves it in. */
export function set<T = Value>(..._check: StorableCheck<T>): ContainerDefinition<"set", SetHandle<T>> {
  return DEFINITIONS.set;
}

/** On or off; enabling and disabling at the same time leaves it on. */
export function flag(): ContainerDefinition<"flag", FlagHandle> {
  return DEFINITIONS.flag;
}

/** Values in the order of their clock readings. */
export function log<T = Value>(..._check: StorableCheck<T>): ContainerDefinition<"log", LogHandle<T>> {
  return DEFINITIONS.log;
}

function checkContainerName(name: string): void {
  const bytes = new TextEncoder().encode(name).length;
  if (bytes === 0 || bytes > CONTAINER_NAME_BYTES_MAX || hasLoneSurrogate(name)) {
    throw new CrdtError(
      "invalid-argument",
      `container name ${JSON.stringify(name)}: it takes 1 to ${CONTAINER_NAME_BYTES_MAX} bytes of well-formed UTF-8`,
    );
  }
  if (name === "__proto__" || RESERVED_NAMES.some((reserved) => reserved === name)) {
    throw new CrdtError(
      "invalid-argument",
      `container name "${name}" is taken by the document itself; choose another`,
    );
  }
}
