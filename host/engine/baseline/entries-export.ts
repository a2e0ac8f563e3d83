// `EngineDocument.entries`, `entriesOf` and `entryAt`: live entries of one container as one buffer of columns.
import { writeBinaryString } from "./binary-string.ts";
import { canonicalEntries } from "./canonical-order.ts";
import type { Container } from "./container.ts";
import { writePayload } from "./delta-encoder.ts";
import { type DocumentState, isDeletedMark } from "./document-state.ts";
import { byDot, type Entry } from "./entry.ts";
import { isMark } from "./log-index.ts";
import type { ReplicaColumn } from "./replica-column.ts";

const HEADER_BYTES = 16;
const ID_BYTES = 8;
/** Timestamp, replica index, sequence, key length, payload length. */
const ROW_BYTES = 24;

export function exportEntries(state: DocumentState, container: Container, last: number): Uint8Array {
  const all = visibleEntries(state, container);
  const entries = last > 0 && last < all.length ? all.slice(all.length - last) : all;
  return encode(entries, state.sortedReplicas());
}

/** What stands under one key. The container is no log, and of its kinds the key has one. */
export function exportEntriesOf(container: Container, key: string): Uint8Array {
  return exportFew(entriesUnder(container, key).filter(isExported));
}

/** The entry of one dot, or none. */
export function exportEntryAt(container: Container, entry: Entry | undefined): Uint8Array {
  const isHere = entry !== undefined && entry.container === container && isExported(entry);
  return exportFew(isHere ? [entry] : []);
}

function entriesUnder(container: Container, key: string): Entry[] {
  const { content } = container;
  switch (content.kind) {
    case "elements":
    case "winners":
    case "series":
      return content.entriesOf(key);
    case "slots":
      return content.entriesOf(key).sort(byDot);
    case "kinds":
      return content.of(key).entriesOf(key);
    default:
      return key === "" ? [...content.all()].sort(byDot) : [];
  }
}

function isExported(entry: Entry): boolean {
  return !isDeletedMark(entry) && !(entry.container.content.kind === "log" && isMark(entry));
}

/** `entries` in canonical order, with a replica table of their own. */
function exportFew(entries: readonly Entry[]): Uint8Array {
  const replicas: ReplicaColumn[] = [];
  for (const { replica } of entries) if (replicas.at(-1) !== replica) replicas.push(replica);
  return encode(entries, replicas);
}

function encode(entries: readonly Entry[], replicas: readonly ReplicaColumn[]): Uint8Array {
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
