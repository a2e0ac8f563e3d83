// The frame of compressed bytes (docs/wire-format.md, "Compressed deltas"): magic, version, method and length, then a zlib
// stream of the bytes themselves or of their columns, whichever is shorter. Inflating stops at the length that the
// frame states, which is checked against the limit first. The platform's own streams do the work.
import { CrdtError } from "../../errors.ts";
import { DELTA_BYTES_MAX } from "../../limits.ts";
import { ByteWriter } from "../byte-writer.ts";
import { readVarint } from "../varint.ts";
import { fromColumns, toColumns } from "./entry-columns.ts";
import { malformed } from "./malformed.ts";

const MAGIC = [0x4a, 0x5a] as const;
const VERSION = 1;
const PLAIN = 0;
const COLUMNS = 1;
const LENGTH_OFFSET = 4;

export async function compress(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes.length > DELTA_BYTES_MAX) throw tooLong(bytes.length, DELTA_BYTES_MAX);
  // The platform deflates the bytes on a thread of its own while they are rearranged here.
  const plain = deflated(bytes);
  const columns = columnsOf(bytes);
  const forms = await Promise.all(columns === undefined ? [plain] : [plain, deflated(columns)]);
  const method = forms.length > 1 && forms[COLUMNS]!.length < forms[PLAIN]!.length ? COLUMNS : PLAIN;
  const writer = new ByteWriter(forms[method]!.length + 16);
  for (const byte of [...MAGIC, VERSION, method]) writer.u8(byte);
  writer.varint(bytes.length);
  writer.append(forms[method]!);
  return writer.toBytes();
}

/** Columns that are not longer than the bytes and give them back; undefined where there are none such. */
function columnsOf(bytes: Uint8Array): Uint8Array | undefined {
  try {
    const columns = toColumns(bytes);
    if (columns.length > bytes.length) return undefined;
    const restored = fromColumns(columns, bytes.length);
    return areEqual(restored, bytes) ? columns : undefined;
  } catch (error) {
    if (error instanceof CrdtError) return undefined;
    throw error;
  }
}

function areEqual(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) if (left[index] !== right[index]) return false;
  return true;
}

export async function decompress(compressed: Uint8Array, bytesMax = DELTA_BYTES_MAX): Promise<Uint8Array> {
  if (compressed[0] !== MAGIC[0] || compressed[1] !== MAGIC[1])
    throw malformed("it does not begin with 4A 5A");
  if (compressed[2] !== VERSION) {
    const found = compressed[2] ?? "none";
    throw new CrdtError(
      "unsupported-version",
      `compressed bytes of version ${found}; this program reads version ${VERSION}, update the older side`,
    );
  }
  const method = compressed[3];
  if (method !== PLAIN && method !== COLUMNS) throw malformed(`method ${method}`);
  const cursor = { bytes: compressed, offset: LENGTH_OFFSET };
  const length = readVarint(cursor);
  if (length < 0) throw malformed("no length");
  if (length > Math.min(bytesMax, DELTA_BYTES_MAX))
    throw tooLong(length, Math.min(bytesMax, DELTA_BYTES_MAX));
  const contents = await inflatedWhole(compressed.subarray(cursor.offset), length);
  if (method === COLUMNS) return fromColumns(contents, length);
  if (contents.length !== length) throw malformed(`${contents.length} bytes where it states ${length}`);
  return contents;
}

const deflated = (bytes: Uint8Array): Promise<Uint8Array> =>
  through(new CompressionStream("deflate"), bytes, Number.POSITIVE_INFINITY);

const inflated = (stream: Uint8Array, bytesMax: number): Promise<Uint8Array> =>
  through(new DecompressionStream("deflate"), stream, bytesMax);

const isRefused = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => false,
    () => true,
  );

/** The zlib stream of no bytes, and one byte more. */
const STREAM_AND_BYTE = Uint8Array.of(0x78, 0x9c, 0x03, 0, 0, 0, 0, 0x01, 0);
let refusesBytesBehind: Promise<boolean> | undefined;

/**
 * The bytes of a zlib stream that ends where `stream` does. Platforms are to refuse bytes behind the end and Node 20 does
 * not: there a stream counts as whole only if it is not without its last byte. Errors: malformed-delta.
 */
async function inflatedWhole(stream: Uint8Array, bytesMax: number): Promise<Uint8Array> {
  const bytes = await inflated(stream, bytesMax);
  refusesBytesBehind ??= isRefused(inflated(STREAM_AND_BYTE, 0));
  if (await refusesBytesBehind) return bytes;
  if (await isRefused(inflated(stream.subarray(0, -1), bytesMax))) return bytes;
  throw malformed("bytes behind the end of its stream");
}

/** What comes out of `stream`, at most `bytesMax` of it. Errors: malformed-delta. */
async function through(
  stream: CompressionStream | DecompressionStream,
  bytes: Uint8Array,
  bytesMax: number,
): Promise<Uint8Array> {
  const output = new ByteWriter();
  const writer = stream.writable.getWriter();
  // A stream that fails says so at the reading end as well.
  writer.write(bytes as Uint8Array<ArrayBuffer>).catch(() => undefined);
  writer.close().catch(() => undefined);
  const reader = stream.readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return output.toBytes();
      if (output.length + value.length > bytesMax) throw malformed(`more than ${bytesMax} bytes`);
      output.append(value);
    }
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    if (error instanceof CrdtError) throw error;
    throw malformed(error instanceof Error ? error.message : String(error));
  }
}

function tooLong(length: number, limit: number): CrdtError {
  return new CrdtError("limit-exceeded", `${length} bytes uncompressed; at most ${limit} are allowed`);
}
