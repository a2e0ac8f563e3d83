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
/** Agents of one plan: ten times what it was measured with; larger fleets plan a part at a time. */
export const PLAN_AGENTS_MAX = 10000;
/** Tasks of one plan: what waits behind more than this gets no place in it anyway. */
export const PLAN_TASKS_MAX = 100000;
/** Work places of one agent, and ids in one list of a record: each is counted at every plan. */
export const PLAN_AGENT_SLOTS_MAX = 10000;
/** Skills, or resources, that one record names: each is looked at for each pair of agent and task. */
export const PLAN_RECORD_NAMES_MAX = 64;
/** Tasks that find a place in an exact plan: with more the work grows by their square. */
export const PLAN_EXACT_TASKS_MAX = 1000;
/** Pairs of these tasks and agents in an exact plan: a thousand of each take a second. */
export const PLAN_EXACT_PAIRS_MAX = 1048576;
/** Holds one replica has on one pool: each is looked at when the next is taken. */
export const POOL_HOLDS_MAX = 4096;
/** Voters of one poll among agents: a tally follows the delegation of each. */
export const POLL_VOTERS_MAX = 4096;
/** Pieces of evidence one statement names: people look at them. */
export const STATEMENT_EVIDENCE_MAX = 64;
/** Calls a loop guard remembers: some ten megabytes; with more within a window the oldest are forgotten. */
export const GUARD_CALLS_MAX = 65536;
/** Agents that one chain of delegation may pass: deeper ones were circles wherever they were seen. */
export const DELEGATION_DEPTH_MAX = 16;
/** Tenants whose rates are remembered: beyond it those that have been idle for longest start afresh. */
export const RATED_TENANTS_MAX = 65536;
/** Decisions of merges a multi-map remembers: for people to look through; what is still open is in conflicts(). */
export const DECISIONS_MAX = 256;
/** Rows of a grant: each frame that opens a document looks through them. */
export const GRANT_ROWS_MAX = 64;
/** Bytes of a credential: a signed token with the most rows of usual names fits, and it is held before it is judged. */
export const CREDENTIAL_BYTES_MAX = 16384;
/** Documents a peer may ask for before it is admitted: those who wait for that ask for none, and others must not fill memory. */
export const UNADMITTED_DOCUMENTS_MAX = 64;
/** Credentials a peer may present in a minute: each costs a verified signature, and renewing takes one in minutes. */
export const CREDENTIALS_A_MINUTE_MAX = 60;
/** Milliseconds a token may count: a day, so that one that got lost is soon worth nothing. */
export const TOKEN_LIFETIME_MS_MAX = 86400000;
/** Tokens taken back that a guard remembers: beyond it a change of key is the better answer. */
export const REVOKED_IDS_MAX = 100000;
/** Bytes from which frames travel packed: deflate halves shorter batches at best, and costs a system call's time. */
export const PACKED_FROM_BYTES = 512;
/** Bytes of a frame before it was packed: the longest part or turn with room to spare; longer ones travel plain. */
export const PACKED_PLAIN_BYTES_MAX = 2097152;
/** Bursts of its rate a connection may owe before it is ended: a transport that can pause never owes one. */
export const RATE_DEBT_BURSTS_MAX = 4;
/** How long a relay may ask a client to stay away, in milliseconds: five minutes, or a hostile one would keep it for ever. */
export const RETRY_AFTER_MS_MAX = 300000;
/** Addresses one connection may choose from: somebody wrote them down, and each is tried before giving up. */
export const RELAY_ADDRESSES_MAX = 64;
/** Replicas one announcement of lazy push names: those that wrote within a tenth of a second; more take more frames. */
export const HAVE_ROWS_MAX = 4096;
/** How long a pacing may keep a write back, in milliseconds: a minute, or a faulty one would keep it for ever. */
export const PACING_MS_MAX = 60000;
/** Steps of a season of a forecast: a week of quarters of an hour is 672, and each of a dozen candidates keeps one. */
export const FORECAST_SEASON_STEPS_MAX = 4096;
/** Members of one overlay: a whole table then travels in one message, and a joiner holds it in a few megabytes. */
export const MEMBERS_MAX = 8192;
/** Bytes a member may say of itself beyond its address: it is told to every other member. */
export const MEMBER_META_BYTES_MAX = 512;
/** Addresses of one member: a name, and one for each network it stands in. */
export const MEMBER_ADDRESSES_MAX = 8;
/** Bytes of a member's address or region in UTF-8: their length travels in one byte. */
export const MEMBER_ADDRESS_BYTES_MAX = 255;
/** Connections a member tells others it opened: enough for every topology but a large full mesh, which needs no routes. */
export const MEMBER_LINKS_MAX = 64;
/** Times a probe is forwarded: twice the diameter of the overlays here with thousands of members. */
export const PROBE_HOPS_MAX = 16;
/** Streams of a backbone: fixed for ever, since a document's stream is its name's hash modulo this; 64 spread over servers well and cost them 3 MB. */
export const BACKBONE_SHARDS = 64;
/** Bytes of deltas in one message of a backbone: half of what a NATS server takes unless told otherwise. */
export const BACKBONE_BATCH_BYTES_MAX = 524288;
/** Deltas in one message of a backbone: what half a MiB of the smallest ones comes to. */
export const BACKBONE_DELTAS_MAX = 16384;
/** Messages of one document on their way to the stream: the round trip is then no bound, and what comes meanwhile shares the next one. */
export const BACKBONE_IN_FLIGHT_MAX = 16;
/** Bytes of one document waiting to be published: beyond it the stream gets one delta of everything it lacks instead. */
export const BACKBONE_BACKLOG_BYTES_MAX = 4194304;
/** Bytes of one document's messages kept until what they build on has come: beyond it anti-entropy brings all at once. */
export const BACKBONE_WAITING_BYTES_MAX = 4194304;
/** Messages of one document that a stream holds and nobody can read yet, remembered until what they build on is there: many times what relays have on their way at once; a delta of everything replaces those forgotten. */
export const BACKBONE_UNREADABLE_MAX = 256;
/** Documents read from a backbone at the same time: a relay that starts with thousands must not flood the servers. */
export const BACKBONE_CATCH_UPS_MAX = 8;
/** Ranges one request of a comparison of documents names: the answer, 16 fingerprints each, stays below 20 KiB. */
export const COMPARISON_RANGES_MAX = 64;
/** Places one request asks the names of: the answer stays below 20 KiB but for names at one place. */
export const COMPARISON_NAMES_MAX = 64;
/** Documents listed for a range instead of cutting it further: as many bytes as two more cuts. */
export const COMPARISON_LIST_MAX = 32;
/** Requests of one comparison: four times what two full replicas with nothing in common need. */
export const COMPARISON_REQUESTS_MAX = 4096;
/** Differences one comparison brings: the rest is found by the next. */
export const COMPARISON_DIFFERENCES_MAX = 100000;
/** Bytes of a presence value: a name, a colour and a cursor; what is larger belongs into the document. */
export const PRESENCE_VALUE_BYTES_MAX = 1024;
/** Replicas whose presence in a document is known: a megabyte at most, and nobody looks at a longer list. */
export const PRESENCE_PEERS_MAX = 1024;
/** Bytes of presence sent over a connection a second: it must never be what fills a line. */
export const PRESENCE_BYTES_PER_SECOND = 65536;
/** States in one frame of presence: bounds what is read before any of it is used. */
export const PRESENCE_STATES_PER_FRAME_MAX = 64;
/** Characters of the name of an agent, a task, a kind or a skill: people read them, and each task's keys repeat its own. */
export const AGENT_NAME_LENGTH_MAX = 128;
/** Skills or resources of one agent or task: a plan compares them for every pair. */
export const AGENT_SKILLS_MAX = 256;
/** Kinds of tasks one agent has handlers for: its record names them all. */
export const AGENT_KINDS_MAX = 256;
/** Tasks that one task waits for: each is looked at when any of them ends. */
export const TASK_LINKS_MAX = 1024;
/** Electors of one task: each start of it takes a vote of the majority, and a vote is a record. */
export const TASK_ELECTORS_MAX = 31;
/** Seats one heartbeat says it has heard: it is written every few seconds. */
export const HEARD_SEATS_MAX = 1024;
/** Tasks one plan looks at: what has places now is far fewer, and the next plan looks at the next. */
export const PLANNED_TASKS_MAX = 512;
/** Tasks handed over at once by `submitMany`: they are one transaction. */
export const TASKS_SUBMITTED_MAX = 100000;
/** Keys a conflict predictor remembers: some 400 bytes each for a key with two writers, 25 MB in all. */
export const PREDICTED_KEYS_MAX = 65536;
/** Writers of one key that a conflict predictor tells apart: those of a hot key beyond it count as others. */
export const PREDICTED_WRITERS_MAX = 8;
/** Predictions that wait for their outcome: the oldest beyond it are dropped, and count as never validated. */
export const PENDING_PREDICTIONS_MAX = 65536;
