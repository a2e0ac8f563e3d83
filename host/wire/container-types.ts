// The data types a container can have, by the number that stands for them on the wire. Numbers are never reused.

export const CONTAINER_TYPES = {
  counter: 1,
  register: 2,
  map: 3,
  set: 4,
  flag: 5,
  log: 6,
  "multi-value": 7,
  "multi-map": 8,
  maximum: 9,
  minimum: 10,
  bounded: 11,
  series: 12,
  graph: 13,
  workflow: 14,
  vote: 15,
  list: 16,
} as const;

/** What the first byte of a graph's key says the entry is. */
export const GRAPH_KINDS = { vertex: 1, edge: 2, attribute: 3 } as const;
/** What the first byte of a list's key says the entry is. */
export const LIST_KINDS = { position: 1, value: 2, place: 3 } as const;
/** What the first byte of a series' key says the entry is: points of a label, or up to when they are forgotten. */
export const SERIES_KINDS = { chunk: 1, mark: 2, markOfAll: 3 } as const;

export type ContainerTypeName = keyof typeof CONTAINER_TYPES;
export type ContainerType = (typeof CONTAINER_TYPES)[ContainerTypeName];

const NAMES: readonly (ContainerTypeName | undefined)[] = namesByNumber();

/** The name of a type number; undefined for a number this version does not know. */
export function containerTypeName(type: number): ContainerTypeName | undefined {
  return NAMES[type];
}

function namesByNumber(): (ContainerTypeName | undefined)[] {
  const names: (ContainerTypeName | undefined)[] = [];
  for (const [name, type] of Object.entries(CONTAINER_TYPES)) names[type] = name as ContainerTypeName;
  return names;
}
