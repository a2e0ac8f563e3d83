// A container and the index over its live entries that its type needs.
import type { ContainerType, ContainerTypeName } from "../engine.ts";
import { CounterIndex } from "./counter-index.ts";
import { DATA_TYPES, type DataType } from "./data-types.ts";
import { ElementIndex } from "./element-index.ts";
import { ExtremeIndex } from "./extreme-index.ts";
import { KindIndex } from "./kind-index.ts";
import { LogIndex } from "./log-index.ts";
import { SeriesIndex } from "./series-index.ts";
import { SlotIndex } from "./slot-index.ts";
import { WinnerIndex } from "./winner-index.ts";

export type ContentIndex =
  | CounterIndex
  | WinnerIndex
  | ElementIndex
  | LogIndex
  | ExtremeIndex
  | SlotIndex
  | SeriesIndex
  | KindIndex;

export interface Container {
  readonly index: number;
  readonly type: ContainerType;
  readonly typeName: ContainerTypeName;
  readonly dataType: DataType;
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
    dataType: DATA_TYPES[typeName],
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
    case "multi-map":
      return new ElementIndex();
    case "multi-value":
      return new ElementIndex(true);
    case "log":
    case "workflow":
    case "vote":
      return new LogIndex();
    case "maximum":
      return new ExtremeIndex(1);
    case "minimum":
      return new ExtremeIndex(-1);
    case "bounded":
      return new SlotIndex();
    case "series":
      return new SeriesIndex();
    case "graph":
    case "list":
      return new KindIndex(DATA_TYPES[typeName]);
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
