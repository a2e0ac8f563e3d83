// The door of the networking room.
export { ClientConnection, type SyncOptions } from "./client-connection.ts";
export { Hub, hubOf, type NetworkEvent, type NetworkOptions } from "./hub.ts";
export type { RateOptions } from "./inbound-rate.ts";
export type { Session, SessionTiming } from "./session.ts";
export { type PeerStatistics, peerStatistics, type ServedDocument, servedDocuments } from "./statistics.ts";
