// The data types a container can have, by the number that stands for them on the wire.

export const CONTAINER_TYPES = {
  counter: 1,
  register: 2,
  map: 3,
  set: 4,
  flag: 5,
  log: 6,
} as const;

export type ContainerTypeName = keyof typeof CONTAINER_TYPES;
export type ContainerType = (typeof CONTAINER_TYPES)[ContainerTypeName];

const NAMES: readonly (ContainerTypeName | undefined)[] = [
  undefined,
  "counter",
  "register",
  "map",
  "set",
  "flag",
  "log",
];

/** The name of a type number; undefined for a number this version does not know. */
export function containerTypeName(type: number): ContainerTypeName | undefined {
  return NAMES[type];
}
