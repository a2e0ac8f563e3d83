// Encoded values taken apart by shape (docs/wire-format.md, "Compressed deltas"): values with the same structure and the
// same field names share a shape, a row of fixed bytes and slots, and each slot is a column. What is not canonical CBOR,
// holds tags or keys other than texts, or has too many slots is kept as it is. Cost: that of the bytes; a value of the
// shape of one of the last few is only compared with it.
import { VALUE_DEPTH_MAX } from "../../limits.ts";
import { ByteWriter } from "../byte-writer.ts";
import { type ByteCursor, readVarint } from "../varint.ts";
import {
  BytesReader,
  BytesWriter,
  type ColumnReader,
  type ColumnWriter,
  demand,
  NumbersReader,
  NumbersWriter,
  put,
  readSection,
  type Target,
  TextsReader,
  TextsWriter,
  writeSection,
} from "./columns.ts";
import { malformed } from "./malformed.ts";

/** What a step of a shape stands for; `fixed` is followed by a length and the bytes themselves. */
const STEP = {
  fixed: 0,
  integer: 1,
  negative: 2,
  text: 3,
  bytes: 4,
  simple: 5,
  half: 6,
  single: 7,
  double: 8,
  raw: 9,
};
/** More shapes than a schema has types of values; further ones are kept as they are. */
const SHAPES_MAX = 1024;
const SLOTS_MAX = 256;
/** Field names and heads between two slots of one shape. */
const FIXED_BYTES_MAX = 4096;
/** A slot of the value at hand is kept as three numbers. */
const SLOT_NUMBERS = 3;
/** Shapes a value is compared with before its own is spelled out: a transaction writes few kinds of values in turn. */
const RECENT_SHAPES_MAX = 4;
const NO_SLOT = -1;
const NO_BYTES = new Uint8Array(0);
const RAW_SHAPE = String.fromCharCode(STEP.raw);
const FLOAT_BYTES: Readonly<Record<number, number>> = { [STEP.half]: 2, [STEP.single]: 4, [STEP.double]: 8 };
const FLOAT_HEAD = 0xf9;

/** A slot, or with its bytes what is fixed. */
interface WrittenStep {
  readonly kind: number;
  readonly fixed: Uint8Array;
}

interface WrittenShape {
  readonly index: number;
  readonly steps: readonly WrittenStep[];
  readonly columns: readonly (NumbersWriter | TextsWriter | BytesWriter)[];
}

/** Writes values: each goes into the columns of its shape. */
export class ShapesWriter implements ColumnWriter {
  readonly #bytes: Uint8Array;
  readonly #shapes = new Map<string, WrittenShape>();
  readonly #indices = new NumbersWriter();
  /** The last ones used, the very last first. */
  readonly #recent: WrittenShape[] = [];
  /** Of the value at hand: its shape so far, and kind, number or start, and end of each slot. */
  #shape = "";
  readonly #slots = new Float64Array((SLOTS_MAX + 1) * SLOT_NUMBERS);
  #slotNumbers = 0;
  #offset = 0;
  #end = 0;
  #fixedStart = 0;
  /** What the head or slot passed last holds: its number, or where its bytes begin. */
  #argument = 0;

  /** All values lie in `bytes`. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  add(start: number, end: number): void {
    this.#end = end;
    const { index, columns } = this.#recentShape(start) ?? this.#spelledShape(start);
    this.#indices.add(index);
    for (let slot = 0; slot < columns.length; slot += 1) {
      const column = columns[slot]!;
      const value = this.#slots[slot * SLOT_NUMBERS + 1]!;
      if (column instanceof NumbersWriter) column.add(value);
      else column.add(this.#bytes, value, this.#slots[slot * SLOT_NUMBERS + 2]!);
    }
  }

  /** The recent shape that the value from `start` to the end has, if any: the one that spelling it out would find. */
  #recentShape(start: number): WrittenShape | undefined {
    for (let place = 0; place < this.#recent.length; place += 1) {
      const shape = this.#recent[place]!;
      if (!this.#follows(shape.steps, start)) continue;
      if (place > 0) this.#recent.unshift(...this.#recent.splice(place, 1));
      return shape;
    }
    return undefined;
  }

  /** Whether the bytes from `start` to the end are those of `steps`; takes their slots. */
  #follows(steps: readonly WrittenStep[], start: number): boolean {
    this.#slotNumbers = 0;
    this.#offset = start;
    for (let step = 0; step < steps.length; step += 1) {
      const { kind, fixed } = steps[step]!;
      const offset = this.#offset;
      if (kind === STEP.fixed) {
        if (!this.#passFixed(fixed)) return false;
      } else {
        if (offset >= this.#end || this.#passSlot() !== kind) return false;
        this.#takeSlot(kind, this.#argument, this.#offset);
      }
    }
    return this.#offset === this.#end;
  }

  #passFixed(fixed: Uint8Array): boolean {
    const bytes = this.#bytes;
    const offset = this.#offset;
    const { length } = fixed;
    if (length > this.#end - offset) return false;
    for (let index = 0; index < length; index += 1) if (bytes[offset + index] !== fixed[index]) return false;
    this.#offset = offset + length;
    return true;
  }

  /** The shape of the value from `start` to the end, from its own bytes. */
  #spelledShape(start: number): WrittenShape {
    this.#shape = "";
    this.#slotNumbers = 0;
    this.#offset = start;
    this.#fixedStart = start;
    const end = this.#end;
    const isWhole = this.#item(0) && this.#offset === end && this.#slotNumbers <= SLOTS_MAX * SLOT_NUMBERS;
    if (isWhole) this.#endFixed(end);
    const isKnown = this.#shapes.has(this.#shape) || this.#shapes.size < SHAPES_MAX - 1;
    const isRaw = !isWhole || !isKnown;
    if (isRaw) {
      this.#shape = RAW_SHAPE;
      this.#slotNumbers = 0;
      this.#takeSlot(STEP.raw, start, end);
    }
    const shape = this.#shapes.get(this.#shape) ?? this.#define();
    if (!isRaw && this.#recent.unshift(shape) > RECENT_SHAPES_MAX) this.#recent.pop();
    return shape;
  }

  #define(): WrittenShape {
    const columns = [];
    for (let slot = 0; slot < this.#slotNumbers; slot += SLOT_NUMBERS) {
      const kind = this.#slots[slot]!;
      if (kind === STEP.integer || kind === STEP.negative) columns.push(new NumbersWriter());
      else columns.push(kind === STEP.text || kind === STEP.bytes ? new TextsWriter() : new BytesWriter());
    }
    const shape = { index: this.#shapes.size, steps: stepsOf(this.#shape), columns };
    this.#shapes.set(this.#shape, shape);
    return shape;
  }

  #slot(kind: number, slotStart: number, value: number): void {
    this.#endFixed(slotStart);
    this.#shape += String.fromCharCode(kind);
    this.#takeSlot(kind, value, this.#offset);
    this.#fixedStart = this.#offset;
  }

  /** There is room for one slot more than a shape may have. */
  #takeSlot(kind: number, value: number, end: number): void {
    const slots = this.#slots;
    const number = this.#slotNumbers;
    slots[number] = kind;
    slots[number + 1] = value;
    slots[number + 2] = end;
    this.#slotNumbers = number + SLOT_NUMBERS;
  }

  /** The bytes from the last slot up to `end` belong to the shape. */
  #endFixed(end: number): void {
    const start = this.#fixedStart;
    if (end === start) return;
    this.#shape += String.fromCharCode(STEP.fixed, end - start);
    for (let index = start; index < end; index += 1) this.#shape += String.fromCharCode(this.#bytes[index]!);
  }

  /** Reads one item; false where it cannot be taken apart. */
  #item(depth: number): boolean {
    const start = this.#offset;
    const head = this.#bytes[start];
    if (head === undefined || start >= this.#end || depth > VALUE_DEPTH_MAX) return false;
    const major = head >> 5;
    if (major === 4 || major === 5) {
      return this.#head() && this.#members(this.#argument, major === 5, depth);
    }
    const kind = this.#passSlot();
    if (kind === NO_SLOT) return false;
    this.#slot(kind, start, this.#argument);
    return true;
  }

  /** Passes over the slot at the offset, which lies before the end; gives its kind. */
  #passSlot(): number {
    const head = this.#bytes[this.#offset]!;
    const major = head >> 5;
    if (major === 7) return this.#passSimple(head);
    if (major > 3 || !this.#head()) return NO_SLOT;
    if (major <= 1) return major === 0 ? STEP.integer : STEP.negative;
    const content = this.#offset;
    if (this.#argument > this.#end - content) return NO_SLOT;
    this.#offset = content + this.#argument;
    this.#argument = content;
    return major === 3 ? STEP.text : STEP.bytes;
  }

  #members(count: number, isMap: boolean, depth: number): boolean {
    for (let index = 0; index < count; index += 1) {
      if (
        this.#slotNumbers > SLOTS_MAX * SLOT_NUMBERS ||
        (isMap && !this.#fieldName()) ||
        !this.#item(depth + 1)
      )
        return false;
    }
    return this.#offset - this.#fixedStart <= FIXED_BYTES_MAX;
  }

  /** Passes over a field's name, which stays among the fixed bytes. */
  #fieldName(): boolean {
    const head = this.#bytes[this.#offset];
    if (this.#offset >= this.#end || head === undefined || head >> 5 !== 3 || !this.#head()) return false;
    this.#offset += this.#argument;
    return this.#offset - this.#fixedStart <= FIXED_BYTES_MAX && this.#offset <= this.#end;
  }

  #passSimple(head: number): number {
    const start = this.#offset;
    const kind = head < FLOAT_HEAD ? STEP.simple : STEP.half + (head - FLOAT_HEAD);
    if (kind > STEP.double) return NO_SLOT;
    const width = FLOAT_BYTES[kind] ?? 0;
    if (start + 1 + width > this.#end || (kind === STEP.simple && (head & 31) >= 24)) return NO_SLOT;
    this.#offset = start + 1 + width;
    this.#argument = kind === STEP.simple ? start : start + 1;
    return kind;
  }

  /** Reads the argument of the head at the offset; false unless it is written as short as can be. */
  #head(): boolean {
    const information = this.#bytes[this.#offset]! & 31;
    const width = information < 24 ? 0 : 1 << (information - 24);
    if (information > 27 || this.#offset + 1 + width > this.#end) return false;
    let value = information;
    if (width > 0) {
      value = 0;
      for (let index = 1; index <= width; index += 1)
        value = value * 256 + this.#bytes[this.#offset + index]!;
    }
    this.#argument = value;
    this.#offset += 1 + width;
    return value <= Number.MAX_SAFE_INTEGER && headBytes(value) === 1 + width;
  }

  writeTo(writer: ByteWriter): void {
    const definitions = new ByteWriter(256);
    definitions.varint(this.#shapes.size);
    for (const shape of this.#shapes.values()) writeShape(definitions, shape);
    writeSection(writer, definitions.toBytes());
    this.#indices.writeTo(writer);
    for (const { columns } of this.#shapes.values()) for (const column of columns) column.writeTo(writer);
  }
}

/** A shape's key is its steps as code units: a kind, and after `fixed` a length and as many bytes. */
function stepsOf(shape: string): WrittenStep[] {
  const steps: WrittenStep[] = [];
  for (let index = 0; index < shape.length; ) {
    const kind = shape.charCodeAt(index++);
    if (kind !== STEP.fixed) {
      steps.push({ kind, fixed: NO_BYTES });
      continue;
    }
    const length = shape.charCodeAt(index++);
    const start = index;
    index += length;
    steps.push({ kind, fixed: Uint8Array.from({ length }, (_, place) => shape.charCodeAt(start + place)) });
  }
  return steps;
}

function writeShape(writer: ByteWriter, { steps }: WrittenShape): void {
  writer.varint(steps.length);
  for (const { kind, fixed } of steps) {
    writer.u8(kind);
    if (kind === STEP.fixed) writeSection(writer, fixed);
  }
}

function headBytes(value: number): number {
  if (value < 24) return 1;
  if (value < 0x100) return 2;
  if (value < 0x1_0000) return 3;
  return value < 0x1_0000_0000 ? 5 : 9;
}

function putHead(target: Target, major: number, value: number): void {
  const width = headBytes(value) - 1;
  demand(target, 1 + width);
  const { bytes, offset } = target;
  if (width === 0) {
    bytes[offset] = (major << 5) | value;
    target.offset = offset + 1;
    return;
  }
  bytes[offset] = (major << 5) | (24 + Math.log2(width));
  let rest = value;
  for (let index = offset + width; index > offset; index -= 1) {
    bytes[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  target.offset = offset + 1 + width;
}

const putTextHead = (target: Target, length: number): void => putHead(target, 3, length);
const putBytesHead = (target: Target, length: number): void => putHead(target, 2, length);

/** One step of restoring a value. */
type Step = (target: Target) => void;

/** Restores what {@link ShapesWriter} wrote. Errors: malformed-delta. */
export class ShapesReader implements ColumnReader {
  readonly #shapes: readonly (readonly Step[])[];
  readonly #indices: NumbersReader;
  readonly #columns: ColumnReader[] = [];

  constructor(cursor: ByteCursor) {
    const definitions = { bytes: readSection(cursor), offset: 0 };
    this.#indices = new NumbersReader(cursor);
    const count = readVarint(definitions);
    if (count < 0 || count > SHAPES_MAX) throw malformed(`${count} shapes`);
    this.#shapes = Array.from({ length: count }, () => this.#readShape(definitions, cursor));
    if (definitions.offset !== definitions.bytes.length) throw malformed("bytes after the last shape");
  }

  /** Restores the next value, at most up to the target's end. */
  restore(target: Target): void {
    const number = this.#indices.take();
    const shape = this.#shapes[number];
    if (shape === undefined) throw malformed(`shape ${number} of ${this.#shapes.length}`);
    for (let index = 0; index < shape.length; index += 1) shape[index]!(target);
  }

  #readShape(definitions: ByteCursor, cursor: ByteCursor): Step[] {
    const count = readVarint(definitions);
    if (count < 0 || count > SLOTS_MAX * 2 + 1) throw malformed(`a shape of ${count} steps`);
    const isAlone = count === 1;
    return Array.from({ length: count }, () => this.#readStep(definitions, cursor, isAlone));
  }

  /** Every step restores a byte at least, except the one that keeps a value as it is: that bounds the work. */
  #readStep(definitions: ByteCursor, cursor: ByteCursor, isAlone: boolean): Step {
    const kind = definitions.bytes[definitions.offset++];
    if (kind === STEP.fixed) {
      const fixed = readSection(definitions);
      if (fixed.length === 0) throw malformed("an empty step in a shape");
      return (target) => put(target, fixed);
    }
    if (kind === STEP.integer || kind === STEP.negative) {
      const numbers = this.#keep(new NumbersReader(cursor));
      return (target) => putHead(target, kind === STEP.integer ? 0 : 1, numbers.take());
    }
    if (kind === STEP.text || kind === STEP.bytes) {
      const texts = this.#keep(new TextsReader(cursor));
      const putOwnHead = kind === STEP.text ? putTextHead : putBytesHead;
      return (target) => texts.restore(target, putOwnHead);
    }
    if (kind === undefined || kind > STEP.raw || (kind === STEP.raw && !isAlone))
      throw malformed(`step ${kind} in a shape`);
    const bytes = this.#keep(new BytesReader(cursor));
    if (kind === STEP.simple) return (target) => bytes.restore(target, 1);
    if (kind === STEP.raw) return (target) => bytes.restore(target, target.end - target.offset);
    const head = Uint8Array.of(FLOAT_HEAD + kind - STEP.half);
    return (target) => {
      put(target, head);
      bytes.restore(target, FLOAT_BYTES[kind]!);
    };
  }

  #keep<Column extends ColumnReader>(column: Column): Column {
    this.#columns.push(column);
    return column;
  }

  finish(): void {
    this.#indices.finish();
    for (const column of this.#columns) column.finish();
  }
}
