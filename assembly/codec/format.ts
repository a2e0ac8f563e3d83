// What decoder and encoder share of docs/wire-format.md.
//
//   0   magic u16 | 2 version u8 | 3 flags u8 | 4 base timestamp u64 | 12 tables …                checksum u32

export const MAGIC: u32 = 0x434a;
export const FORMAT_VERSION: u32 = 1;
export const FLAG_SNAPSHOT: u32 = 1;
export const FLAG_STREAM: u32 = 2;
export const CHECKSUM_BYTES: u32 = 4;
export const DELTA_BYTES_MIN: u32 = 20;

@unmanaged
export class DeltaHeader {
  magic: u16;
  version: u8;
  flags: u8;
  baseTimestampLow: u32;
  baseTimestampHigh: u32;
}

export const HEADER_BYTES: u32 = 12;
export const ID_BYTES: u32 = 8;
