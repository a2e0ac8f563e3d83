// What may be asked of a series; the host checks these numbers against SERIES_REQUESTS of host/engine/engine.ts.

export const SERIES_LABELS: u32 = 1;
export const SERIES_POINTS: u32 = 2;
export const SERIES_REDUCE: u32 = 3;
export const SERIES_WINDOWS: u32 = 4;
export const SERIES_SKETCH: u32 = 5;
export const SERIES_TIMEOFNEWEST: u32 = 6;
