// What is derived from the chunks of a series container: an index with its labels, and a row a chunk with its summary. All of
// it is made anew from the entries whenever it is in doubt, so no journal knows of it, and it lives in blocks of its own.
//
//   document   | address of the index u32              by container, 0 = none
//   index      | labels, slots of label + 1 u32, order of labels u32
//   label      | bytes, rows
//   row        | summary of a chunk, and the entry it came from

@unmanaged
export class SeriesIndexRow {
  labels: u32;
  labelCount: u32;
  labelCapacity: u32;
  /** Open addressing by the hash of the label. */
  slots: u32;
  slotCapacity: u32;
  /** Labels by their bytes; valid when its count equals labelCount. */
  order: u32;
  orderCount: u32;
  orderCapacity: u32;
  /** Members of the container taken in, and the revision and epoch they were taken at. */
  members: u32;
  revision: u32;
  epoch: u32;
  /** Set while it changes: a call cut short leaves it so, and what it has is doubtful. */
  isChanging: u32;
}

@unmanaged
export class LabelRow {
  bytes: u32;
  byteLength: u32;
  hash: u32;
  /** ChunkRow, by first time, replica id and sequence once they are sorted. */
  rows: u32;
  rowCount: u32;
  rowCapacity: u32;
  isSorted: u32;
  spare: u32;
}

@unmanaged
export class ChunkRow {
  firstTime: f64;
  lastTime: f64;
  sum: f64;
  minimum: f64;
  maximum: f64;
  firstValue: f64;
  lastValue: f64;
  /** Of the differences from the mean of the chunk. */
  squares: f64;
  count: u32;
  /** The entry, and the dot it had. */
  entry: u32;
  replica: u32;
  sequence: u32;
}

export const LABEL_SHIFT: u32 = 5;
export const CHUNK_ROW_BYTES: u32 = <u32>offsetof<ChunkRow>();
/** The kind byte at the head of each key. */
export const KIND_BYTES: u32 = 1;
export const KIND_CHUNK: u32 = 1;
export const KIND_LABEL_MARK: u32 = 2;
export const KIND_MARK: u32 = 3;
