// Series chunks in C (docs/wire-format.md, "Series chunks"), for how fast the machine can be: the same choices and bytes as
// the engines, as plain loops for the compiler to vectorise. Left out, for no workload has them: values that are no
// decimals, exceptions, times further apart than 2^53 − 1, and numbers wider than 32 bits; such points end the program.
// usage: series-chunks encode|decode FILE LABELS POINTS SAMPLES      (prints nanoseconds a point, the check, and all bytes)
#include "measure.h"

enum { BLOCK = 128, LANES = 8, POINTS_MAX = 16384, BLOCKS_MAX = POINTS_MAX / BLOCK, SCALE_MAX = 9, THOUSANDS = 0x10 };
#define ROUNDER 6755399441055744.0
#define MANTISSA_MAX 2251799813685247.0

static const double POWERS[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
static double mantissas[POINTS_MAX], time_bases[BLOCKS_MAX], value_bases[BLOCKS_MAX];
static uint32_t words[BLOCK];
static uint8_t time_widths[BLOCKS_MAX], value_widths[BLOCKS_MAX];

static size_t block_size(size_t count, size_t block) {
  const size_t rest = count - 1 - block * BLOCK;
  return rest < BLOCK ? rest : BLOCK;
}

static size_t bits_of(double integer) { return integer == 0 ? 0 : 64 - (size_t)__builtin_clzll((uint64_t)integer); }

static uint8_t *write_varint(uint8_t *to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *to++ = (uint8_t)(value | 0x80);
  *to++ = (uint8_t)value;
  return to;
}

static uint8_t *write_signed(uint8_t *to, double value) {
  return write_varint(to, (uint64_t)(value < 0 ? -value : value) << 1 | (value < 0));
}

static const uint8_t *read_varint(const uint8_t *from, uint64_t *value) {
  unsigned shift = 0;
  for (*value = 0; *from >= 0x80; shift += 7) *value |= (uint64_t)(*from++ & 0x7f) << shift;
  *value |= (uint64_t)*from++ << shift;
  return from;
}

static const uint8_t *read_signed(const uint8_t *from, double *value) {
  uint64_t bits;
  from = read_varint(from, &bits);
  *value = bits & 1 ? -(double)(bits >> 1) : (double)(bits >> 1);
  return from;
}

/** The least and the greatest difference of a block, whose first number is at `column[0]`. */
static void range(const double *column, size_t count, double *least, double *most) {
  double low[LANES], high[LANES];
  for (size_t lane = 0; lane < LANES; lane++) low[lane] = high[lane] = column[0] - column[-1];
  size_t index = 0;
  for (; index + LANES <= count; index += LANES) {
    for (size_t lane = 0; lane < LANES; lane++) {
      const double off = column[index + lane] - column[index + lane - 1];
      low[lane] = off < low[lane] ? off : low[lane];
      high[lane] = off > high[lane] ? off : high[lane];
    }
  }
  for (; index < count; index++) {
    const double off = column[index] - column[index - 1];
    low[0] = off < low[0] ? off : low[0];
    high[0] = off > high[0] ? off : high[0];
  }
  for (size_t lane = 1; lane < LANES; lane++) {
    low[0] = low[lane] < low[0] ? low[lane] : low[0];
    high[0] = high[lane] > high[0] ? high[lane] : high[0];
  }
  *least = low[0];
  *most = high[0];
}

static int is_thousands(double off) { return (double)((int64_t)off / 1000) * 1000 == off; }

static int are_thousands(const double *column, size_t count) {
  int are = 1;
  for (size_t index = 0; index < count && are; index++) are = is_thousands(column[index] - column[index - 1]);
  return are;
}

/** Scales `values`; gives how many do not become integers, at most one more than `limit`. */
static size_t try_scale(const double *values, size_t count, double power, size_t limit) {
  size_t exceptions = 0;
  for (size_t from = 0; from < count; from += LANES) {
    const size_t size = count - from < LANES ? count - from : LANES;
    size_t bad[LANES] = {0};
    for (size_t lane = 0; lane < size; lane++) {
      const double value = values[from + lane], scaled = value * power;
      const double mantissa = scaled + ROUNDER - ROUNDER, back = mantissa / power;
      uint64_t bits, back_bits;
      memcpy(&bits, &value, 8);
      memcpy(&back_bits, &back, 8);
      bad[lane] = (bits != back_bits) | (scaled > MANTISSA_MAX) | (scaled < -MANTISSA_MAX);
      mantissas[from + lane] = mantissa;
    }
    for (size_t lane = 0; lane < LANES; lane++) exceptions += bad[lane];
    if (exceptions > limit) return limit + 1;
  }
  return exceptions;
}

static uint8_t *pack(size_t count, size_t width, uint8_t *to) {
  if (width > 32) exit(4);
  if (width == 32) {
    memcpy(to, words, count * 4);
    return to + count * 4;
  }
  if (count == BLOCK) {
    uint32_t row[4] = {0};
    size_t filled = 0;
    for (size_t index = 0; index < BLOCK; index += 4) {
      for (size_t lane = 0; lane < 4; lane++) row[lane] |= words[index + lane] << filled;
      filled += width;
      if (filled < 32) continue;
      memcpy(to, row, 16);
      to += 16;
      filled -= 32;
      for (size_t lane = 0; lane < 4; lane++) row[lane] = words[index + lane] >> (width - filled);
    }
    return to;
  }
  uint64_t row = 0;
  size_t filled = 0;
  for (size_t index = 0; index < count; index++) {
    row |= (uint64_t)words[index] << filled;
    for (filled += width; filled >= 8; filled -= 8, row >>= 8) *to++ = (uint8_t)row;
  }
  if (filled != 0) *to++ = (uint8_t)row;
  return to;
}

static const uint8_t *unpack(const uint8_t *from, size_t count, size_t width) {
  const uint32_t mask = (uint32_t)((1ull << width) - 1);
  if (width == 32) memcpy(words, from, count * 4);
  if (width == 32) return from + count * 4;
  if (count == BLOCK) {
    uint32_t row[4];
    memcpy(row, from, 16);
    size_t used = 0;
    for (size_t index = 0; index < BLOCK; index += 4) {
      uint32_t number[4];
      for (size_t lane = 0; lane < 4; lane++) number[lane] = row[lane] >> used;
      used += width;
      if (used >= 32) {
        used -= 32;
        from += 16;
        memcpy(row, from, 16);
        // Shifting in two steps: by all 32 bits is nothing that C allows.
        for (size_t lane = 0; lane < 4; lane++) number[lane] |= row[lane] << 1 << (width - used - 1);
      }
      for (size_t lane = 0; lane < 4; lane++) words[index + lane] = number[lane] & mask;
    }
    return from;
  }
  for (size_t index = 0, bit = 0; index < count; index++, bit += width) {
    uint64_t row;
    memcpy(&row, from + (bit >> 3), 8);
    words[index] = (uint32_t)(row >> (bit & 7)) & mask;
  }
  return from + ((count * width + 7) >> 3);
}

static uint8_t *pack_column(const double *column, size_t count, const double *bases, const uint8_t *widths, double unit,
                            uint8_t *to) {
  for (size_t block = 0; block * BLOCK < count - 1; block++) {
    if (widths[block] == 0) continue;
    const double *from = column + 1 + block * BLOCK;
    const size_t size = block_size(count, block);
    for (size_t index = 0; index < size; index++) {
      // Through int32, which vectors convert to: adding 2^31 first keeps what is above it.
      const double off = (from[index] - from[index - 1] - bases[block]) / unit;
      words[index] = (uint32_t)(int32_t)(off - 2147483648.0) ^ 0x80000000u;
    }
    to = pack(size, widths[block], to);
  }
  return to;
}

static uint8_t *encode(const double *times, const double *values, size_t count, uint8_t *to) {
  const size_t blocks = (count - 1 + BLOCK - 1) / BLOCK, limit = count >> 6;
  int thousands = count > 1;
  double spreads[BLOCKS_MAX], most;
  for (size_t block = 0; block < blocks; block++) {
    const double *from = times + 1 + block * BLOCK;
    range(from, block_size(count, block), &time_bases[block], &most);
    spreads[block] = most - time_bases[block];
    thousands = thousands && is_thousands(time_bases[block]) && is_thousands(spreads[block]);
    if (thousands && spreads[block] != 0) thousands = are_thousands(from, block_size(count, block));
  }
  size_t scale = 0;
  while (scale <= SCALE_MAX) {
    const size_t exceptions = try_scale(values, count, POWERS[scale], limit);
    if (exceptions == 0) break;
    if (exceptions <= limit) exit(4);
    scale++;
  }
  if (scale > SCALE_MAX) exit(4);
  const double unit = thousands ? 1000 : 1;
  to = write_varint(to, count);
  *to++ = (uint8_t)(scale | (thousands ? THOUSANDS : 0));
  to = write_signed(to, times[0]);
  if (count > 1) to = write_varint(to, (uint64_t)(times[count - 1] - times[0]));
  to = write_signed(to, mantissas[0]);
  for (size_t block = 0; block < blocks; block++) {
    *to++ = time_widths[block] = (uint8_t)bits_of(spreads[block] / unit);
    to = write_varint(to, (uint64_t)(time_bases[block] / unit));
  }
  for (size_t block = 0; block < blocks; block++) {
    range(mantissas + 1 + block * BLOCK, block_size(count, block), &value_bases[block], &most);
    *to++ = value_widths[block] = (uint8_t)bits_of(most - value_bases[block]);
    to = write_signed(to, value_bases[block]);
  }
  to = pack_column(times, count, time_bases, time_widths, unit, to);
  return pack_column(mantissas, count, value_bases, value_widths, 1, to);
}

/** Writes numbers `start` plus a step each and the words so far, as `power`-ths; gives the last before division. */
static double sum_up(size_t count, double start, double step, double unit, double power, int is_flat, double *to) {
  if (is_flat) {
    for (size_t index = 0; index < count; index++) to[index] = (start + step * (double)(int32_t)(index + 1)) / power;
    return start + step * (double)count;
  }
  uint32_t sum = 0;
  for (size_t index = 0; index < count; index++) words[index] = sum += words[index];
  for (size_t index = 0; index < count; index++) {
    to[index] = (start + step * (double)(int32_t)(index + 1) + unit * (double)words[index]) / power;
  }
  return start + step * (double)count + unit * (double)sum;
}

static const uint8_t *decode_column(const uint8_t *from, size_t count, double first, const double *bases,
                                    const uint8_t *widths, double unit, double power, double *to) {
  *to++ = first / power;
  for (size_t block = 0; block * BLOCK < count - 1; block++) {
    const size_t size = block_size(count, block);
    if (widths[block] > 25) exit(4);
    if (widths[block] != 0) from = unpack(from, size, widths[block]);
    first = sum_up(size, first, bases[block] * unit, unit, power, widths[block] == 0, to);
    to += size;
  }
  return from;
}

static size_t decode(const uint8_t *from, double *times, double *values) {
  uint64_t count, number;
  from = read_varint(from, &count);
  const double unit = *from & THOUSANDS ? 1000 : 1, power = POWERS[*from & 0x0f];
  double first_time, first_value;
  from = read_signed(from + 1, &first_time);
  if (count > 1) from = read_varint(from, &number);
  from = read_signed(from, &first_value);
  const size_t blocks = (count - 1 + BLOCK - 1) / BLOCK;
  for (size_t block = 0; block < blocks; block++) {
    time_widths[block] = *from++;
    from = read_varint(from, &number);
    time_bases[block] = (double)number;
  }
  for (size_t block = 0; block < blocks; block++) {
    value_widths[block] = *from++;
    from = read_signed(from, &value_bases[block]);
  }
  from = decode_column(from, count, first_time, time_bases, time_widths, unit, 1, times);
  decode_column(from, count, first_value, value_bases, value_widths, 1, power, values);
  return count;
}

static size_t labels, points;
static const double *columns;
static uint8_t *chunks;
static size_t *ends;
static double *decoded;

static void encode_all(void) {
  uint8_t *to = chunks;
  for (size_t label = 0; label < labels; label++) {
    to = encode(columns + label * points, columns + (labels + label) * points, points, to);
    ends[label] = (size_t)(to - chunks);
  }
}

static void decode_all(void) {
  for (size_t label = 0; label < labels; label++) {
    decode(chunks + (label ? ends[label - 1] : 0), decoded + label * points, decoded + (labels + label) * points);
  }
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  labels = strtoul(argv[3], NULL, 10);
  points = strtoul(argv[4], NULL, 10);
  const size_t total = labels * points;
  if (points > POINTS_MAX || points < 2) return 2;
  columns = read_columns(argv[2], total * 2);
  chunks = malloc(total * 17 + labels * 128 + 16);
  ends = calloc(labels, sizeof *ends);
  decoded = malloc(total * 16);
  if (!chunks || !ends || !decoded) return 3;
  encode_all();
  const double ns = median_ns(argv[1][0] == 'e' ? encode_all : decode_all, strtoul(argv[5], NULL, 10));
  decode_all();
  if (memcmp(decoded, columns, total * 16) != 0) return 5;
  const size_t bytes = ends[labels - 1];
  memset(chunks + bytes, 0, 4);
  printf("%.6f %08x %zu\n", ns / (double)total, hash_words(0x811c9dc5u, chunks, (bytes + 3) / 4), bytes);
  return 0;
}
