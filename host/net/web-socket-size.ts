// What WebSockets add to a message, for counting the bytes on the wire.

/** Bytes a WebSocket puts before a frame of this length (RFC 6455 §5.2); clients mask. */
export function webSocketHeaderBytes(length: number, isMasked: boolean): number {
  const extended = length < 126 ? 0 : length < 65536 ? 2 : 8;
  return 2 + extended + (isMasked ? 4 : 0);
}
