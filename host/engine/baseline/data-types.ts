// What a data type is to the engine: per kind of key the rule by which entries survive, what key and payload must look
// like, and which operations are taken. This table is the only place that says so; see "Entries" and "Merging" in
// docs/wire-format.md, and `OPCODES` in engine.ts.
import {
  CONTAINER_TYPES,
  type ContainerType,
  type ContainerTypeName,
  GRAPH_KINDS,
  LIST_KINDS,
  OPCODES,
  SERIES_KINDS,
} from "../engine.ts";

/** Which entries under a key survive ("Merging" in docs/wire-format.md). */
export type SurvivalRule = "own" | "winner" | "element" | "all" | "log" | "extreme" | "points";
/** No key, any bytes, a kind alone, nothing or a replica id, nothing or the position of a truncation mark. */
export type KeyShape = "none" | "bytes" | "kind" | "replica" | "position";
/** Nothing, anything (of a winner: a value or the nothing of a deleted-mark), at least a byte, two varints, an f64, an integer f64. */
export type PayloadShape = "none" | "any" | "value" | "sums" | "number" | "time" | "chunk" | "log";
type OperationName = keyof typeof OPCODES;

export interface KindRule {
  readonly rule: SurvivalRule;
  readonly key: KeyShape;
  readonly payload: PayloadShape;
  /** The opcodes taken, one bit each. */
  readonly operations: number;
  /** Of a winner: whether its deleted-marks stay for ever. */
  readonly keepsMarks: boolean;
}

export interface DataType {
  /** The rule of a type whose keys have no kind. */
  readonly rule: KindRule | undefined;
  /** The rules by the first byte of the key. */
  readonly kinds: readonly (KindRule | undefined)[];
  /** All opcodes that one of its kinds takes. */
  readonly operations: number;
  /** Whether removal records may name entries of it. */
  readonly hasElements: boolean;
}

const WINNER = row("winner", "bytes", "any", ["put", "delete"]);
const ELEMENT = row("element", "bytes", "none", ["add", "remove"]);
const PERMANENT_WINNER = { ...WINNER, keepsMarks: true };
const EXTREME = row("extreme", "none", "number", ["put"]);
const LOG = row("log", "position", "log", ["append", "truncate"]);

export const DATA_TYPES: Readonly<Record<ContainerTypeName, DataType>> = {
  counter: withoutKinds(row("own", "none", "sums", ["increment"])),
  register: withoutKinds(row("winner", "none", "any", ["put", "delete"])),
  map: withoutKinds(row("winner", "bytes", "any", ["put", "delete", "clear"])),
  set: withoutKinds(row("element", "bytes", "none", ["add", "remove", "clear"])),
  flag: withoutKinds(row("element", "none", "none", ["add", "remove", "clear"])),
  log: withoutKinds(LOG),
  "multi-value": withoutKinds(row("element", "none", "value", ["put", "delete", "clear"])),
  "multi-map": withoutKinds(row("element", "bytes", "value", ["put", "delete", "clear"])),
  maximum: withoutKinds(EXTREME),
  minimum: withoutKinds(EXTREME),
  bounded: withoutKinds(row("own", "replica", "sums", ["adjust"])),
  series: withKinds({
    [SERIES_KINDS.chunk]: row("points", "bytes", "chunk", ["record", "join"]),
    [SERIES_KINDS.mark]: row("extreme", "bytes", "time", ["retain"]),
    [SERIES_KINDS.markOfAll]: row("extreme", "kind", "time", ["retain"]),
  }),
  graph: withKinds({
    [GRAPH_KINDS.vertex]: ELEMENT,
    [GRAPH_KINDS.edge]: ELEMENT,
    [GRAPH_KINDS.attribute]: WINNER,
  }),
  workflow: withoutKinds(LOG),
  vote: withoutKinds(LOG),
  list: withKinds({
    [LIST_KINDS.position]: row("all", "bytes", "any", ["insert"]),
    [LIST_KINDS.value]: PERMANENT_WINNER,
    [LIST_KINDS.place]: PERMANENT_WINNER,
  }),
};

const BY_NUMBER: (DataType | undefined)[] = [];
for (const [name, type] of Object.entries(CONTAINER_TYPES)) {
  BY_NUMBER[type] = DATA_TYPES[name as ContainerTypeName];
}

export function isContainerType(type: number): type is ContainerType {
  return BY_NUMBER[type] !== undefined;
}

export function dataTypeOf(type: ContainerType): DataType {
  return BY_NUMBER[type]!;
}

/** The rule for a key that begins with `firstByte`, or is empty (-1); undefined for a kind that the type does not know. */
export function ruleOf(dataType: DataType, firstByte: number): KindRule | undefined {
  return dataType.rule ?? dataType.kinds[firstByte];
}

export function takes(row: { readonly operations: number }, opcode: number): boolean {
  return (row.operations & (1 << opcode)) !== 0;
}

function row(
  rule: SurvivalRule,
  key: KeyShape,
  payload: PayloadShape,
  operations: readonly OperationName[],
): KindRule {
  const bits = operations.reduce((sum, name) => sum | (1 << OPCODES[name]), 0);
  return { rule, key, payload, operations: bits, keepsMarks: false };
}

function withoutKinds(rule: KindRule): DataType {
  return { rule, kinds: [], operations: rule.operations, hasElements: rule.rule === "element" };
}

function withKinds(rules: Readonly<Record<number, KindRule>>): DataType {
  const kinds: (KindRule | undefined)[] = [];
  for (const [kind, rule] of Object.entries(rules)) kinds[Number(kind)] = rule;
  const all = Object.values(rules);
  return {
    rule: undefined,
    kinds,
    operations: all.reduce((sum, { operations }) => sum | operations, 0),
    hasElements: all.some(({ rule }) => rule === "element"),
  };
}
