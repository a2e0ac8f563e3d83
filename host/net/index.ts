// The door of the networking room.
export { ClientConnection, type SyncOptions } from "./client-connection.ts";
export type { DrainOptions } from "./draining.ts";
export { Hub, hubOf, type NetworkEvent, type NetworkOptions } from "./hub.ts";
export type { RateOptions } from "./inbound-rate.ts";
export type { Pacing } from "./pacing.ts";
export { CLOSE_SERVICE_RESTART, retryAfterReason } from "./retry-after.ts";
export type { Session } from "./session.ts";
export type { SessionTiming } from "./session-owner.ts";
export { type PeerStatistics, peerStatistics, type ServedDocument, servedDocuments } from "./statistics.ts";
