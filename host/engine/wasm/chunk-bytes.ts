// How long a series chunk can be: longer bytes are refused before they are copied into linear memory.
import { CHUNK_POINTS_MAX } from "../../limits.ts";

/** The worst case of the encoder is less. */
export const CHUNK_BYTES_MAX = CHUNK_POINTS_MAX * 17 + 128;
