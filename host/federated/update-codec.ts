// An update as bytes, little-endian: its f32 as they are, or integers of 8 or 4 bits rounded by chance in blocks of 512, each
// headed by its step (f32). A block of zeros has step 0 and no integers. Leaves out entropy coding: connections compress.
import type { ModelKernels } from "../engine/engine.ts";
import { CrdtError } from "../errors.ts";

export const UPDATE_ENCODINGS = ["f32", "int8", "int4"] as const;
export type UpdateEncoding = (typeof UPDATE_ENCODINGS)[number];

const BLOCK = 512;
const STEP_BYTES = 4;
/** The least step whose inverse is a finite f32. */
const STEP_MIN = 2 ** -126;

const bitsOf = (encoding: "int8" | "int4"): 8 | 4 => (encoding === "int8" ? 8 : 4);

/** The most bytes an update of so many parameters takes. */
export function updateBytesMax(encoding: UpdateEncoding, parameters: number): number {
  if (encoding === "f32") return parameters * 4;
  const blocks = Math.ceil(parameters / BLOCK);
  return blocks * STEP_BYTES + (encoding === "int8" ? parameters : Math.ceil(parameters / 2));
}

/** `randomWords` gives so many words of chance; f32 takes none. */
export function encodeUpdate(
  kernels: ModelKernels,
  update: Float32Array,
  encoding: UpdateEncoding,
  randomWords: (count: number) => Uint32Array,
): Uint8Array {
  if (encoding === "f32") return floatBytes(update);
  const bits = bitsOf(encoding);
  const bytes = new Uint8Array(updateBytesMax(encoding, update.length));
  const view = new DataView(bytes.buffer);
  let length = 0;
  for (let from = 0; from < update.length; from += BLOCK) {
    const block = update.subarray(from, from + BLOCK);
    const greatest = kernels.greatestMagnitude(block) / (bits === 8 ? 127 : 7);
    const step = greatest === 0 ? 0 : Math.max(STEP_MIN, Math.fround(greatest));
    view.setFloat32(length, step, true);
    length += STEP_BYTES;
    if (step === 0) continue;
    const integers = kernels.quantize(block, bits, step, randomWords(block.length));
    bytes.set(integers, length);
    length += integers.length;
  }
  return bytes.slice(0, length);
}

/** Errors: invalid-value for bytes that are no update of so many parameters. */
export function decodeUpdate(
  kernels: ModelKernels,
  bytes: Uint8Array,
  encoding: UpdateEncoding,
  parameters: number,
): Float32Array {
  if (encoding === "f32") return floatsOf(bytes, parameters);
  const bits = bitsOf(encoding);
  const update = new Float32Array(parameters);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  for (let from = 0; from < parameters; from += BLOCK) {
    const count = Math.min(BLOCK, parameters - from);
    if (offset + STEP_BYTES > bytes.length) throw malformed(bytes.length, parameters);
    const step = view.getFloat32(offset, true);
    offset += STEP_BYTES;
    if (step === 0) continue;
    const end = offset + (bits === 8 ? count : (count + 1) >> 1);
    if (end > bytes.length || !(step >= STEP_MIN) || !Number.isFinite(step))
      throw malformed(bytes.length, parameters);
    update.set(kernels.dequantize(bytes.subarray(offset, end), bits, step, count), from);
    offset = end;
  }
  if (offset !== bytes.length) throw malformed(bytes.length, parameters);
  return update;
}

export function floatBytes(numbers: Float32Array): Uint8Array {
  const bytes = new Uint8Array(numbers.length * 4);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < numbers.length; index++) view.setFloat32(index * 4, numbers[index]!, true);
  return bytes;
}

/** Errors: invalid-value. */
export function floatsOf(bytes: Uint8Array, count: number): Float32Array {
  if (bytes.length !== count * 4) throw malformed(bytes.length, count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: count }, (_, index) => view.getFloat32(index * 4, true));
}

function malformed(byteLength: number, parameters: number): CrdtError {
  return new CrdtError(
    "invalid-value",
    `${byteLength} bytes are no update of ${parameters} parameters; it is left out`,
  );
}
