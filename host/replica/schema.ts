// What a document holds, by name and type. The types flow from here to every handle: `schema({ on: flag() })` makes
// `document.on` a FlagHandle. Values are checked when they are written, not here. The code of the small, common types is
// at hand; that of the others comes with the first document that uses them, so that no start pays for parsing it.
import type { ContainerTypeName } from "../engine/engine.ts";
import { CrdtError } from "../errors.ts";
import { CONTAINER_NAME_BYTES_MAX } from "../limits.ts";
import { hasLoneSurrogate } from "../wire/key-codec.ts";
import type { Frozen, StorableCheck, Value } from "../wire/value.ts";
import type { BoundedCounterHandle } from "./bounded/bounded-counter-handle.ts";
import type { ContainerHandle, HandleOwner } from "./container-handle.ts";
import { CounterHandle } from "./counter-handle.ts";
import type { MaximumHandle, MinimumHandle } from "./extreme-handle.ts";
import { FlagHandle } from "./flag-handle.ts";
import type { GraphHandle } from "./graph/graph-handle.ts";
import type { ListHandle } from "./list/list-handle.ts";
import type { LogHandle } from "./log-handle.ts";
import { MapHandle, type MapKey } from "./map-handle.ts";
import type { MultiMapHandle, MultiMapOptions } from "./multi-map/multi-map-handle.ts";
import { latest, type ResolveRule, ruleIdentity } from "./multi-map/resolve-rules.ts";
import type { MultiValueHandle } from "./multi-value-handle.ts";
import { RegisterHandle } from "./register-handle.ts";
import { checkRetention, type SeriesRetention } from "./series/retention-rule.ts";
import type { SeriesHandle } from "./series/series-handle.ts";
import { SetHandle } from "./set-handle.ts";
import type { VoteHandle } from "./vote/vote-handle.ts";
import { checkWorkflow, type WorkflowDefinition } from "./workflow/definition.ts";
import type { WorkflowHandle } from "./workflow/workflow-handle.ts";

declare const handleType: unique symbol;

/** Makes the handle of a container. */
export type CreateHandle = (owner: HandleOwner, index: number, name: string) => ContainerHandle;

/** How a definition comes by its handle: at once, or when its code has been loaded. */
type HandleSource = () => CreateHandle | Promise<CreateHandle>;

/** A container's type, and as a type-level note the handle that `open` gives for it. */
export interface ContainerDefinition<Type extends ContainerTypeName = ContainerTypeName, Handle = unknown> {
  readonly type: Type;
  /** Brings what makes the handle; a failure is that of loading its code. */
  readonly load: HandleSource;
  /** Two definitions of one container that differ here cannot be open at once. */
  readonly identity?: unknown;
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
  "rewrite",
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
    if (definition === undefined || !made.has(definition)) {
      throw new CrdtError(
        "invalid-argument",
        `container "${name}" has no type; give counter(), map(), workflow(…) or another of the schema functions`,
      );
    }
  }
  return Object.freeze({ containers: Object.freeze({ ...containers }) });
}

/** A container of a schema with the code of its handle at hand. */
export interface ReadyContainer {
  readonly name: string;
  readonly type: ContainerTypeName;
  readonly identity: unknown;
  readonly create: CreateHandle;
}

/** Loads what the handles of `containers` need, all at a time. */
export function loadContainers(containers: ContainerDefinitions): Promise<ReadyContainer[]> {
  const ready = Object.entries(containers).map(async ([name, { type, identity, load }]) => {
    return { name, type, identity, create: await load() };
  });
  return Promise.all(ready);
}

/** What the functions below made: nothing else is a definition. */
const made = new WeakSet<ContainerDefinition>();

/** A definition names its handle itself, so that a bundle holds the handles that its schemas use and no others. */
function define<Type extends ContainerTypeName>(
  type: Type,
  load: HandleSource,
  identity?: unknown,
): ContainerDefinition<Type, never> {
  const definition = Object.freeze({ type, load, identity });
  made.add(definition);
  return definition;
}

/** An integer that replicas count up and down together. */
export function counter(): ContainerDefinition<"counter", CounterHandle> {
  return define("counter", () => (owner, index, name) => new CounterHandle(owner, index, name));
}

/** One value; the later write wins. */
export function register<T = Value>(
  ..._check: StorableCheck<T>
): ContainerDefinition<"register", RegisterHandle<T>> {
  return define("register", () => (owner, index, name) => new RegisterHandle(owner, index, name));
}

/** Values by string key; the later write of a key wins. */
export function map<T extends object = Record<string, Value>>(
  ..._check: StorableCheck<T>
): ContainerDefinition<"map", MapHandle<T>> {
  return define("map", () => (owner, index, name) => new MapHandle(owner, index, name));
}

/** Distinct values; adding and removing one at the same time leaves it in. */
export function set<T = Value>(..._check: StorableCheck<T>): ContainerDefinition<"set", SetHandle<T>> {
  return define("set", () => (owner, index, name) => new SetHandle(owner, index, name));
}

/** On or off; enabling and disabling at the same time leaves it on. */
export function flag(): ContainerDefinition<"flag", FlagHandle> {
  return define("flag", () => (owner, index, name) => new FlagHandle(owner, index, name));
}

/** Values in the order of their clock readings. */
export function log<T = Value>(..._check: StorableCheck<T>): ContainerDefinition<"log", LogHandle<T>> {
  return define("log", async () => {
    const { LogHandle } = await import("./log-handle.ts");
    return (owner, index, name) => new LogHandle(owner, index, name);
  });
}

/** One value, or several that were written at the same time. */
export function multiValue<T = Value>(
  ..._check: StorableCheck<T>
): ContainerDefinition<"multi-value", MultiValueHandle<T>> {
  return define("multi-value", async () => {
    const { MultiValueHandle } = await import("./multi-value-handle.ts");
    return (owner, index, name) => new MultiValueHandle(owner, index, name);
  });
}

/** Values by string key; of several written at the same time a rule makes one, by default the latest. */
export function multiMap<T extends object = Record<string, Value>>(
  options: MultiMapOptions<Frozen<T[MapKey<T>]>> = {},
  ..._check: StorableCheck<T>
): ContainerDefinition<"multi-map", MultiMapHandle<T>> {
  const rule = options.resolve ?? latest();
  if (typeof rule !== "function") {
    throw new CrdtError(
      "invalid-argument",
      `multiMap: resolve is ${String(rule)}; give latest(), sum(), another rule or a function`,
    );
  }
  // The handle gives the rule what was written here, which `set` takes as a T alone.
  const resolve = rule as ResolveRule<unknown>;
  const load: HandleSource = async () => {
    const { MultiMapHandle } = await import("./multi-map/multi-map-handle.ts");
    return (owner, index, name) => new MultiMapHandle(owner, index, name, resolve);
  };
  return define("multi-map", load, ruleIdentity(rule));
}

/** The greatest number that anybody offered. */
export function maximum(): ContainerDefinition<"maximum", MaximumHandle> {
  return define("maximum", async () => {
    const { MaximumHandle } = await import("./extreme-handle.ts");
    return (owner, index, name) => new MaximumHandle(owner, index, name);
  });
}

/** The least number that anybody offered. */
export function minimum(): ContainerDefinition<"minimum", MinimumHandle> {
  return define("minimum", async () => {
    const { MinimumHandle } = await import("./extreme-handle.ts");
    return (owner, index, name) => new MinimumHandle(owner, index, name);
  });
}

/** A counter that is never spent below 0. */
export function bounded(): ContainerDefinition<"bounded", BoundedCounterHandle> {
  return define("bounded", async () => {
    const { BoundedCounterHandle } = await import("./bounded/bounded-counter-handle.ts");
    return (owner, index, name) => new BoundedCounterHandle(owner, index, name);
  });
}

/** Measurements by label and time. `retain` says what is forgotten by itself. Errors: invalid-argument. */
export function series({
  retain,
}: {
  readonly retain?: SeriesRetention;
} = {}): ContainerDefinition<"series", SeriesHandle> {
  const checked = checkRetention(retain);
  const load: HandleSource = async () => {
    const { SeriesHandle } = await import("./series/series-handle.ts");
    return (owner, index, name) => new SeriesHandle(owner, index, name, checked);
  };
  return define("series", load, `points ${checked.points}, age ${checked.ageMs}`);
}

/** Proposals that replicas vote on. */
export function vote(): ContainerDefinition<"vote", VoteHandle> {
  return define("vote", async () => {
    const { VoteHandle } = await import("./vote/vote-handle.ts");
    return (owner, index, name) => new VoteHandle(owner, index, name);
  });
}

/** Instances that go from state to state as `definition` allows. Errors: invalid-definition. */
export function workflow<const Definition extends WorkflowDefinition>(
  definition: Definition,
): ContainerDefinition<"workflow", WorkflowHandle<Definition["transitions"][number]["name"]>> {
  const checked = checkWorkflow(definition);
  const load: HandleSource = async () => {
    const { WorkflowHandle } = await import("./workflow/workflow-handle.ts");
    return (owner, index, name) => new WorkflowHandle(owner, index, name, checked);
  };
  return define("workflow", load, checked.fingerprint);
}

/** Vertices and edges with attributes; adding and removing one at the same time leaves it in. */
export function graph<
  VertexAttributes extends object = Record<string, Value>,
  EdgeAttributes extends object = Record<string, Value>,
>(
  ..._check: StorableCheck<VertexAttributes | EdgeAttributes>
): ContainerDefinition<"graph", GraphHandle<VertexAttributes, EdgeAttributes>> {
  return define("graph", async () => {
    const { GraphHandle } = await import("./graph/graph-handle.ts");
    return (owner, index, name) => new GraphHandle(owner, index, name);
  });
}

/** Values in an order of the writers' own: inserted, deleted, set and moved at places that stay. */
export function list<T = Value>(..._check: StorableCheck<T>): ContainerDefinition<"list", ListHandle<T>> {
  return define("list", async () => {
    const { ListHandle } = await import("./list/list-handle.ts");
    return (owner, index, name) => new ListHandle(owner, index, name);
  });
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
