// Deltas and snapshots made small for storage and transport: what an application writes to a file or an object store.
// The work itself is loaded at first use. Cost: three to four times that of deflate alone. Half of it, rearranging and
// then restoring to be sure, is one piece that blocks its thread, some 30 to 60 ns a byte; deflating runs beside it.
// Memory for some copies. Sessions and stores do not use it.

export interface DecompressOptions {
  /** Refuses what would become longer, before it does; the greatest delta there may be unless given. */
  readonly bytesMax?: number;
}

/** Any delta or snapshot, compressed; other bytes too, less well. Errors: limit-exceeded. */
export async function compressSnapshot(bytes: Uint8Array): Promise<Uint8Array> {
  const { compress } = await import("./compressed/compressed.ts");
  return compress(bytes);
}

/**
 * Exactly the bytes that were compressed. They are not judged: merging them does that.
 * Errors: malformed-delta, unsupported-version, unsupported-type, limit-exceeded.
 */
export async function decompressSnapshot(
  compressed: Uint8Array,
  { bytesMax }: DecompressOptions = {},
): Promise<Uint8Array> {
  const { decompress } = await import("./compressed/compressed.ts");
  return decompress(compressed, bytesMax);
}
