// Opens containers that a document was found to hold, whatever it is: by the page's own schema where that knows them,
// else by their type alone. A workflow is opened with a stand-in for its definition, since the one it was made with is
// in its log; a multi-map likewise, since candidates need no rule.

import {
  type BoundedCounterHandle,
  bounded,
  type ContainerTypeName,
  type CounterHandle,
  counter,
  type FlagHandle,
  flag,
  type GraphHandle,
  graph,
  type ListHandle,
  type LogHandle,
  list,
  log,
  type MapHandle,
  type MaximumHandle,
  type MinimumHandle,
  type MultiMapHandle,
  type MultiValueHandle,
  map,
  maximum,
  minimum,
  multiMap,
  multiValue,
  type RegisterHandle,
  type Replica,
  register,
  type SeriesHandle,
  type SetHandle,
  schema,
  series,
  set,
  type VoteHandle,
  vote,
  type WorkflowHandle,
  workflow,
} from "../../index.ts";

/** Keys of any name, values of any kind. */
export type AnyFields = Record<string, never>;

export type AnyHandle =
  | BoundedCounterHandle
  | CounterHandle
  | FlagHandle
  | GraphHandle<AnyFields, AnyFields>
  | ListHandle<unknown>
  | LogHandle<unknown>
  | MapHandle<AnyFields>
  | MaximumHandle
  | MinimumHandle
  | MultiMapHandle<AnyFields>
  | MultiValueHandle<unknown>
  | RegisterHandle<unknown>
  | SeriesHandle
  | SetHandle<unknown>
  | VoteHandle
  | WorkflowHandle;

type Definitions = Parameters<typeof schema>[0];
type Definition = Definitions[string];

const STAND_IN = { name: "unknown", states: ["unknown"], initial: "unknown", transitions: [] } as const;

const BY_TYPE: Partial<Record<ContainerTypeName, () => Definition>> = {
  bounded,
  counter,
  flag,
  graph: () => graph(),
  list: () => list(),
  log: () => log(),
  map: () => map(),
  maximum,
  minimum,
  "multi-map": () => multiMap(),
  "multi-value": () => multiValue(),
  register: () => register(),
  series: () => series(),
  set: () => set(),
  vote,
  workflow: () => workflow(STAND_IN),
};

/** What the page knows of containers by name. */
export type KnownContainers = { readonly [name: string]: Definition | undefined };

/** Errors: what `replica.open` throws; none of a type that cannot be shown, which gives undefined. */
export async function openContainer(
  replica: Replica,
  document: string,
  name: string,
  type: ContainerTypeName,
  known: KnownContainers,
): Promise<AnyHandle | undefined> {
  const familiar = Object.hasOwn(known, name) ? known[name] : undefined;
  const definition = familiar?.type === type ? familiar : BY_TYPE[type]?.();
  if (definition === undefined) return undefined;
  const opened = await replica.open(document, schema({ [name]: definition }));
  return (opened as unknown as Record<string, AnyHandle>)[name];
}
