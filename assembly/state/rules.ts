// The rule that says which entries survive under a key. A data type is a row of the table below: one rule for all its
// keys, or one a kind, where kind is the first byte of the key. "Merging" in docs/wire-format.md says what each means.

/** No such type or kind; in the first column: the kind says. */
export const RULE_NONE: u32 = 0;
/** The greatest (timestamp, replica id, sequence). */
export const RULE_WINNER: u32 = 1;
/** All until they are removed, without and with a payload. */
export const RULE_ELEMENT: u32 = 2;
export const RULE_VALUE: u32 = 3;
/** The greatest sequence of a replica: a counter keeps it in a cell a replica, others under a key. */
export const RULE_CELL: u32 = 4;
export const RULE_OWN: u32 = 5;
/** All above the greatest truncation mark. */
export const RULE_LOG: u32 = 6;
/** The greatest or least value. */
export const RULE_EXTREME: u32 = 7;
/** All, for ever. */
export const RULE_ALL: u32 = 8;
/** All whose last point is not below the marks of their label and of all labels. */
export const RULE_POINTS: u32 = 9;

export const TYPE_COUNTER: u32 = 1;
export const TYPE_REGISTER: u32 = 2;
export const TYPE_MAP: u32 = 3;
export const TYPE_SET: u32 = 4;
export const TYPE_FLAG: u32 = 5;
export const TYPE_LOG: u32 = 6;
export const TYPE_MULTI_VALUE: u32 = 7;
export const TYPE_MULTI_MAP: u32 = 8;
export const TYPE_MAXIMUM: u32 = 9;
export const TYPE_MINIMUM: u32 = 10;
export const TYPE_BOUNDED: u32 = 11;
export const TYPE_SERIES: u32 = 12;
export const TYPE_GRAPH: u32 = 13;
export const TYPE_WORKFLOW: u32 = 14;
export const TYPE_VOTE: u32 = 15;
export const TYPE_LIST: u32 = 16;

const KIND_MAX: u32 = 3;
const ROW_SHIFT: u32 = 2;
//                          none, kind 1, kind 2, kind 3
// biome-ignore format: a table
const tablePointer: u32 = <u32>memory.data<u8>([
  0, 0, 0, 0,
  4, 0, 0, 0, // counter
  1, 0, 0, 0, // register
  1, 0, 0, 0, // map
  2, 0, 0, 0, // set
  2, 0, 0, 0, // flag
  6, 0, 0, 0, // log
  3, 0, 0, 0, // multi-value
  3, 0, 0, 0, // multi-map
  7, 0, 0, 0, // maximum
  7, 0, 0, 0, // minimum
  5, 0, 0, 0, // bounded
  0, 9, 7, 7, // series: chunk, mark, mark of all
  0, 2, 2, 1, // graph: vertex, edge, attribute
  6, 0, 0, 0, // workflow
  6, 0, 0, 0, // vote
  0, 8, 1, 1, // list: position, value, place
]);

export abstract class Rules {
  static isType(type: u32): bool {
    return type <= TYPE_LIST && load<u32>(tablePointer + (type << ROW_SHIFT)) != 0;
  }

  /** The rule of all keys of the type; RULE_NONE where the kind says. */
  @inline static ofType(type: u32): u32 {
    return load<u8>(tablePointer + (type << ROW_SHIFT));
  }

  /** The rule of a key; RULE_NONE where its kind is missing or unknown. */
  static ofKey(type: u32, keyPointer: u32, keyLength: u32): u32 {
    const rule = Rules.ofType(type);
    if (rule != RULE_NONE || keyLength == 0) return rule;
    const kind: u32 = load<u8>(keyPointer);
    if (type == TYPE_SERIES && kind == KIND_MAX && keyLength != 1) return RULE_NONE; // it is of all labels
    return kind > KIND_MAX ? RULE_NONE : load<u8>(tablePointer + (type << ROW_SHIFT) + kind);
  }

  /** Whether removal records may name a container of the type: it has elements. */
  static hasElements(type: u32): bool {
    const rule = Rules.ofType(type);
    if (rule == RULE_NONE) return load<u8>(tablePointer + (type << ROW_SHIFT) + 1) == RULE_ELEMENT;
    return rule == RULE_ELEMENT || rule == RULE_VALUE;
  }

  /** Whether the entries of one key share the block of the first: elements, which are nothing but their key. */
  @inline static isBlockShared(type: u32): bool {
    return Rules.ofType(type) == RULE_ELEMENT || type == TYPE_GRAPH;
  }

  /** Whether the size of a container changes with an entry that comes as the first, or goes as the last, of its key. */
  static isCounted(type: u32, keyPointer: u32, isAlone: bool): bool {
    if (type == TYPE_LIST) return load<u8>(keyPointer) == 1;
    if (type == TYPE_SERIES) return false; // its points are counted when asked for
    return isAlone || type == TYPE_MULTI_VALUE || type == TYPE_BOUNDED;
  }
}
