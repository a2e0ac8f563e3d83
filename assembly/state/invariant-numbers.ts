// The invariants of a document by number; the host words the error from the names of these exports.

export const INVARIANT_DOTS_ASCEND: u32 = 1;
export const INVARIANT_DOTS_ARE_COVERED: u32 = 2;
export const INVARIANT_LIVE_DOTS_ARE_COUNTED: u32 = 3;
export const INVARIANT_EVERY_ENTRY_HAS_ITS_DOT: u32 = 4;
export const INVARIANT_REMOVALS_ASCEND_ABOVE_THE_FLOOR: u32 = 5;
export const INVARIANT_FLOOR_IS_COVERED: u32 = 6;
export const INVARIANT_ENTRIES_ARE_COUNTED: u32 = 7;
export const INVARIANT_DEAD_RECORDS_ARE_LISTED: u32 = 8;
export const INVARIANT_KEYS_ARE_FOUND: u32 = 9;
export const INVARIANT_KEYS_ARE_COUNTED: u32 = 10;
export const INVARIANT_MEMBERS_ARE_LISTED: u32 = 11;
export const INVARIANT_CONTAINERS_ARE_COUNTED: u32 = 12;
export const INVARIANT_REMOVALS_ARE_COUNTED: u32 = 13;
export const INVARIANT_REPLICAS_ARE_FOUND: u32 = 14;
export const INVARIANT_MARK_CUTS_ITS_LOG: u32 = 15;
export const INVARIANT_MARKS_CUT_THEIR_SERIES: u32 = 16;
export const INVARIANT_SERIES_ROWS_ARE_LIVE: u32 = 17;
