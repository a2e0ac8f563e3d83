// What a call can answer. The host derives error codes and wording from the names of these exports (STATUS_… becomes
// the code, SUBJECT_… what was refused), so neither side types the other's numbers.

export const STATUS_OK: u32 = 0;
export const STATUS_MALFORMED_DELTA: u32 = 1;
export const STATUS_CHECKSUM_MISMATCH: u32 = 2;
export const STATUS_UNSUPPORTED_VERSION: u32 = 3;
export const STATUS_UNSUPPORTED_TYPE: u32 = 4;
export const STATUS_GAP: u32 = 5;
export const STATUS_LIMIT_EXCEEDED: u32 = 6;
export const STATUS_COUNTER_RANGE: u32 = 7;
export const STATUS_INVALID_ARGUMENT: u32 = 8;
export const STATUS_DOCUMENT_CLOSED: u32 = 9;

export const SUBJECT_NONE: u32 = 0;
export const SUBJECT_LENGTH: u32 = 1;
export const SUBJECT_MAGIC: u32 = 2;
export const SUBJECT_FORMAT_VERSION: u32 = 3;
export const SUBJECT_FLAGS: u32 = 4;
export const SUBJECT_BASE_TIMESTAMP: u32 = 5;
export const SUBJECT_REPLICA_TABLE: u32 = 6;
export const SUBJECT_CONTAINER_TABLE: u32 = 7;
export const SUBJECT_CONTAINER_TYPE: u32 = 8;
export const SUBJECT_CONTAINER_NAME: u32 = 9;
export const SUBJECT_ENTRY_COUNT: u32 = 10;
export const SUBJECT_SEQUENCES: u32 = 11;
export const SUBJECT_CONTAINER_INDICES: u32 = 12;
export const SUBJECT_TIMESTAMPS: u32 = 13;
export const SUBJECT_KEY_BYTES: u32 = 14;
export const SUBJECT_PAYLOAD_BYTES: u32 = 15;
export const SUBJECT_REMOVAL_COUNT: u32 = 16;
export const SUBJECT_REMOVAL_TARGETS: u32 = 17;
export const SUBJECT_CHECKSUM: u32 = 18;
export const SUBJECT_REPLICAS: u32 = 19;
export const SUBJECT_CONTAINERS: u32 = 20;
export const SUBJECT_DELTA_BYTES: u32 = 21;
export const SUBJECT_BATCH_BYTES: u32 = 22;
export const SUBJECT_BATCH: u32 = 23;
export const SUBJECT_OPCODE: u32 = 24;
export const SUBJECT_CLOCK: u32 = 25;
export const SUBJECT_AMOUNT: u32 = 26;
export const SUBJECT_COUNTER_SUM: u32 = 27;
export const SUBJECT_SEQUENCE: u32 = 28;
export const SUBJECT_VECTOR: u32 = 29;
export const SUBJECT_REPLICA_ID: u32 = 30;
export const SUBJECT_TRANSACTION: u32 = 31;
export const SUBJECT_DOCUMENTS: u32 = 32;
export const SUBJECT_COMPACTED_TIMESTAMP: u32 = 33;
export const SUBJECT_KEY_KIND: u32 = 34;
export const SUBJECT_NUMBER: u32 = 35;

export const RELATION_EQUAL: u32 = 0;
export const RELATION_BEHIND: u32 = 1;
export const RELATION_AHEAD: u32 = 2;
export const RELATION_CONCURRENT: u32 = 3;
