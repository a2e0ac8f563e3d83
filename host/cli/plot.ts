// Numbers as a plot of block characters: eight heights a character, as many rows as wanted, the lowest value at the bottom.

const BLOCKS = " ▁▂▃▄▅▆▇█";
const STEPS = BLOCKS.length - 1;

/** Rows from the top; what is null or infinite leaves a gap. A flat line stands at half height. */
export function plotRows(values: readonly (number | null)[], rows = 1): string[] {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  const lowest = known.reduce((least, value) => Math.min(least, value), Infinity);
  const highest = known.reduce((most, value) => Math.max(most, value), -Infinity);
  const levels = values.map((value) => {
    if (value === null || !Number.isFinite(value)) return 0;
    const share = highest > lowest ? (value - lowest) / (highest - lowest) : 0.5;
    return 1 + Math.round(share * (rows * STEPS - 1));
  });
  return Array.from({ length: rows }, (_, row) => {
    const below = (rows - 1 - row) * STEPS;
    return levels.map((level) => BLOCKS[Math.min(STEPS, Math.max(0, level - below))]).join("");
  });
}
