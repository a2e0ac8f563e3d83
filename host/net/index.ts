// The door of the networking room.
export { ClientConnection, type SyncOptions } from "./client-connection.ts";
export { Hub, hubOf, type NetworkEvent, type NetworkOptions } from "./hub.ts";
export type { Session } from "./session.ts";
export { type PeerStatistics, peerStatistics, type ServedDocument, servedDocuments } from "./statistics.ts";
