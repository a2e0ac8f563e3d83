// `EngineDocument.entries`: the live entries of one container as one buffer of columns.
import { writeBinaryString } from "./binary-string.ts";
import { canonicalEntries } from "./canonical-order.ts";
import type { Container } from "./container.ts";
import { writePayload } from "./delta-encoder.ts";
import { type DocumentState, isDeletedMark } from "./document-state.ts";
import type { Entry } from "./entry.ts";

const HEADER_BYTES = 16;
const ID_BYTES = 8;
/** Timestamp, replica index, sequence, key length, payload length. */
const ROW_BYTES = 24;

export function exportEntries(state: DocumentState, container: Container, last: number): Uint8Array {
  const all = visibleEntries(state, container);
  const entries = last > 0 && last < all.length ? all.slice(all.length - last) : all;
  const replicas = state.sortedReplicas();
  let keyBytes = 0;
  let payloadBytes = 0;
  for (const entry of entries) {
    keyBytes += entry.key.length;
    payloadBytes += entry.length;
  }
  const idsOffset = HEADER_BYTES;
  const rowsOffset = idsOffset + replicas.length * ID_BYTES;
  const bytes = new Uint8Array(rowsOffset + entries.length * ROW_BYTES + keyBytes + payloadBytes);
  const view = new DataView(bytes.buffer);
  [entries.length, replicas.length, keyBytes, payloadBytes].forEach((value, index) => {
    view.setUint32(index * 4, value, true);
  });
  replicas.forEach((replica, position) => {
    replica.position = position;
    view.setUint32(idsOffset + position * ID_BYTES, replica.idLow, true);
    view.setUint32(idsOffset + position * ID_BYTES + 4, replica.idHigh, true);
  });
  writeRows(view, rowsOffset, entries);
  let offset = rowsOffset + entries.length * ROW_BYTES;
  for (const entry of entries) offset = writeBinaryString(bytes, offset, entry.key);
  for (const entry of entries) offset = writePayload(bytes, offset, entry);
  return bytes;
}

function visibleEntries(state: DocumentState, container: Container): readonly Entry[] {
  const { content } = container;
  if (content.kind === "log") return content.orderedView();
  return canonicalEntries(state, container).filter((entry) => !isDeletedMark(entry));
}

function writeRows(view: DataView, offset: number, entries: readonly Entry[]): void {
  const count = entries.length;
  const replicas = offset + count * 8;
  for (let index = 0; index < count; index++) {
    const entry = entries[index]!;
    const place = replicas + index * 4;
    view.setFloat64(offset + index * 8, entry.timestamp, true);
    view.setUint32(place, entry.replica.position, true);
    view.setUint32(place + count * 4, entry.sequence, true);
    view.setUint32(place + count * 8, entry.key.length, true);
    view.setUint32(place + count * 12, entry.length, true);
  }
}
