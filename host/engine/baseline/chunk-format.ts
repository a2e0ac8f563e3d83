// What encoder and decoder of series chunks share (docs/wire-format.md, "Series chunks"): the coding byte and the limits of
// what is packed. Every number of it stands in assembly/kernels/chunk-format.ts as well, and the tests compare bytes.

export const CHUNK = {
  scaleMask: 0x0f,
  scaleMax: 9,
  /** The values are not scaled: the exclusive or of neighbours is packed. */
  scaleNone: 0x0f,
  timesMask: 0x30,
  timesUnits: 0x00,
  timesThousands: 0x10,
  timesWide: 0x20,
  hasExceptions: 0x40,
  isJoined: 0x80,
  /** A scaled value stays within this, so that adding 1.5·2^52 rounds it to an integer. */
  mantissaMax: 2251799813685247,
  /** Differences of safe integers, and of scaled values, need no more bits. */
  differenceBitsMax: 53,
  /** One point in 2^6 may be an exception. */
  exceptionShift: 6,
  exceptionBytes: 10,
  powers: Float64Array.of(1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9),
} as const;
