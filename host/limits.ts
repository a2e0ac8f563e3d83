// Every limit of the engine and of what a peer may send, each with its reason. Compiled by TypeScript and by
// AssemblyScript alike, so it holds integer constants below 2^31 and nothing else.

/** Replicas a document may know: 65,535 × 12 bytes keeps a full version vector below 1 MiB. */
export const REPLICAS_MAX = 65535;
/** Containers a document may hold: a schema is written by hand, a thousand names is already generated. */
export const CONTAINERS_MAX = 1024;
/** Bytes of a container name in UTF-8: a name is read by people, and its length travels in one byte. */
export const CONTAINER_NAME_BYTES_MAX = 255;
/** Bytes of a map key or of an encoded set element: keys are compared and hashed whole. */
export const KEY_BYTES_MAX = 65535;
/** Bytes of one encoded value: a value travels in one piece, and larger ones starve every other document. */
export const PAYLOAD_BYTES_MAX = 16777216;
/** Bytes of a delta or snapshot: merge is atomic, so all of it is held twice for a moment. */
export const DELTA_BYTES_MAX = 268435456;
/** Entries of one delta or snapshot: bounds the memory a merge reserves before it writes. */
export const DELTA_ENTRIES_MAX = 8388608;
/** Removed dots one delta may name: bounds the memory a merge reserves before it writes. */
export const DELTA_TARGETS_MAX = 8388608;
/** Bytes of one mutation batch: one transaction is one undo journal. */
export const BATCH_BYTES_MAX = 134217728;
/** Documents one engine instance hosts: handles are dense indices. */
export const DOCUMENTS_MAX = 1048576;
/** Points one table holds: their times and values then fill half of linear memory. */
export const TABLE_POINTS_MAX = 134217728;
/** Points of one series chunk: 256 KiB of columns, few enough to decode whole for a window at its edge. */
export const CHUNK_POINTS_MAX = 16384;
/** Bytes of what one question to a series gives: 16 million points, as much as a delta may bring. */
export const SERIES_RESULT_BYTES_MAX = 268435456;
/** Windows of a series with its gaps filled, over all groups: empty ones cost as much as full ones, and nobody draws more. */
export const SERIES_FILLED_WINDOWS_MAX = 1048576;
/** Nesting of a value: the decoder recurses, and the stack is finite. */
export const VALUE_DEPTH_MAX = 64;
/** How far ahead of our clock a remote timestamp may move it, in milliseconds: one minute forgives sloppy NTP. */
export const CLOCK_DRIFT_MS_MAX = 60000;
/** Bytes of one network message: larger deltas travel in parts, so one document cannot block a connection. */
export const MESSAGE_BYTES_MAX = 16777216;
/** Bytes of one part of a delta on a connection: small enough to interleave, large enough to cost nothing. */
export const DELTA_PART_BYTES = 1048576;
/** Bytes a document name may take in UTF-8: it is a storage key and travels once a session. */
export const DOCUMENT_NAME_BYTES_MAX = 255;
/** Documents one connection may subscribe to: each costs both sides a vector. */
export const SESSION_DOCUMENTS_MAX = 100000;
/** Bytes queued for a peer that reads slowly before it is resynced instead. */
export const SESSION_BACKLOG_BYTES_MAX = 4194304;
/** Replicas, and containers, one document's stream dictionary may name: a joiner gets it whole, some 80 KiB. */
export const DICTIONARY_SLOTS_MAX = 4096;
/** Connections a relay lets in within a second: a handshake and a first exchange cost it about a millisecond. */
export const CONNECTIONS_PER_SECOND_MAX = 100;
/** Repairs of one document's stream in a row before the connection is given up: a peer that never fits is broken. */
export const STREAM_REPAIRS_MAX = 16;
/** Nesting of a workflow guard: guards come from peers with the definition, and judging one recurses. */
export const GUARD_DEPTH_MAX = 16;
/** Parts of one workflow guard: it is judged at each step of a replay, and written by hand. */
export const GUARD_NODES_MAX = 256;
/** States of a workflow, and names in one list of its definition: people draw it on one page. */
export const WORKFLOW_STATES_MAX = 256;
/** Transitions of a workflow: asking what is available looks at all of them. */
export const WORKFLOW_TRANSITIONS_MAX = 1024;
/** Options of a proposal: a tally has a row for each. */
export const VOTE_OPTIONS_MAX = 256;
/** Decisions of merges a multi-map remembers: for people to look through; what is still open is in conflicts(). */
export const DECISIONS_MAX = 256;
/** Rows of a grant: each frame that opens a document looks through them. */
export const GRANT_ROWS_MAX = 64;
/** Bytes of a credential: a signed token with the most rows of usual names fits, and it is held before it is judged. */
export const CREDENTIAL_BYTES_MAX = 16384;
/** Milliseconds a token may count: a day, so that one that got lost is soon worth nothing. */
export const TOKEN_LIFETIME_MS_MAX = 86400000;
/** Tokens taken back that a guard remembers: beyond it a change of key is the better answer. */
export const REVOKED_IDS_MAX = 100000;
