// How numbers read to people, on the terminal and on the page alike.

const UNITS = ["B", "kB", "MB", "GB", "TB"];
const GROUPED = new Intl.NumberFormat("en");

/** 12345 → "12,345". */
export function formatCount(value: number): string {
  return GROUPED.format(value);
}

/** 12345 → "12.3 kB"; powers of 1000. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** 1234 → "1.23 s", 75000 → "1 min 15 s". */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_995) return `${(milliseconds / 1000).toFixed(2)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
