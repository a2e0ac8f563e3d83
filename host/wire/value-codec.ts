// Whole values to bytes and back, for callers without a buffer of their own.
import { ByteWriter } from "./byte-writer.ts";
import type { Value } from "./value.ts";
import { ValueDecoder } from "./value-decoder.ts";
import { writeValue } from "./value-encoder.ts";

/** The canonical encoding of `value`. Errors: invalid-value. */
export function encodeValue(value: unknown): Uint8Array {
  const writer = new ByteWriter(64);
  writeValue(writer, value);
  return writer.toBytes();
}

/** The value of an encoding, frozen. Errors: invalid-value. */
export function decodeValue(bytes: Uint8Array): Value {
  return new ValueDecoder(bytes).decode(0, bytes.length);
}
