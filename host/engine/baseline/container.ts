// A container and the index over its live entries that its type needs.
import type { ContainerType, ContainerTypeName } from "../engine.ts";
import { CounterIndex } from "./counter-index.ts";
import { LogIndex } from "./log-index.ts";
import { SetIndex } from "./set-index.ts";
import { WinnerIndex } from "./winner-index.ts";

export type ContentIndex = CounterIndex | WinnerIndex | SetIndex | LogIndex;

export interface Container {
  readonly index: number;
  readonly type: ContainerType;
  readonly typeName: ContainerTypeName;
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly content: ContentIndex;
  /** Live entries, deleted-marks included. */
  entries: number;
  /** Where it stands in the container table that is being written; -1 when it is not in it. */
  position: number;
}

export function createContainer(
  index: number,
  type: ContainerType,
  typeName: ContainerTypeName,
  name: string,
  nameBytes: Uint8Array,
): Container {
  return {
    index,
    type,
    typeName,
    name,
    nameBytes,
    content: createIndex(typeName),
    entries: 0,
    position: -1,
  };
}

function createIndex(typeName: ContainerTypeName): ContentIndex {
  switch (typeName) {
    case "counter":
      return new CounterIndex();
    case "register":
    case "map":
      return new WinnerIndex();
    case "set":
    case "flag":
      return new SetIndex();
    case "log":
      return new LogIndex();
  }
}

/** The order of the container table: name bytes, then type. */
export function byName(left: Container, right: Container): number {
  return compareNames(left.nameBytes, left.type, right.nameBytes, right.type);
}

export function compareNames(
  leftName: Uint8Array,
  leftType: number,
  rightName: Uint8Array,
  rightType: number,
): number {
  const shorter = Math.min(leftName.length, rightName.length);
  for (let index = 0; index < shorter; index++) {
    const difference = leftName[index]! - rightName[index]!;
    if (difference !== 0) return difference;
  }
  return leftName.length - rightName.length || leftType - rightType;
}
