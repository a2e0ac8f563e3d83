// How evenly something is shared (Jain, Chiu and Hawe 1984): (Σx)² ÷ (n · Σx²), 1 where all have the same, 1/n where one
// has everything. Integers go in, so equal shares give exactly 1.

export function fairnessIndex(amounts: Iterable<number>): number {
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (const amount of amounts) {
    count++;
    sum += amount;
    squares += amount * amount;
  }
  return squares === 0 ? 1 : (sum * sum) / (count * squares);
}
