// The kernels of point tables in C, for how fast the machine can be: the same inputs, lanes and results as the engines, as
// plain loops for the compiler to vectorise.
// usage: series-kernels WORKLOAD FILE LABELS POINTS SAMPLES      (prints nanoseconds a point and the check)
// The file holds the times of all labels, then their values, as doubles.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LANES = 8, WINDOW_FIELDS = 8, BUCKETS = 1 << 19, MARKS = 4096, CELL_LANES = 4 };

static double lane_total(const double *lanes) {
  return lanes[0] + lanes[1] + (lanes[2] + lanes[3]) + (lanes[4] + lanes[5] + (lanes[6] + lanes[7]));
}

static void reduce(const double *restrict values, size_t count, double *restrict out) {
  double sum[LANES] = {0}, least[LANES], most[LANES];
  for (size_t lane = 0; lane < LANES; lane++) least[lane] = most[lane] = values[0];
  size_t index = 0;
  for (; index + LANES <= count; index += LANES) {
    for (size_t lane = 0; lane < LANES; lane++) {
      const double value = values[index + lane];
      sum[lane] += value;
      least[lane] = value < least[lane] ? value : least[lane];
      most[lane] = value > most[lane] ? value : most[lane];
    }
  }
  for (size_t lane = 0; index < count; index++, lane++) {
    const double value = values[index];
    sum[lane] += value;
    least[0] = value < least[0] ? value : least[0];
    most[0] = value > most[0] ? value : most[0];
  }
  for (size_t lane = 1; lane < LANES; lane++) {
    least[0] = least[lane] < least[0] ? least[lane] : least[0];
    most[0] = most[lane] > most[0] ? most[lane] : most[0];
  }
  out[0] = (double)count;
  out[1] = lane_total(sum);
  out[2] = least[0];
  out[3] = most[0];
}

static double sum(const double *values, size_t count) {
  double lanes[LANES] = {0};
  size_t index = 0;
  for (; index + LANES <= count; index += LANES) {
    for (size_t lane = 0; lane < LANES; lane++) lanes[lane] += values[index + lane];
  }
  for (size_t lane = 0; index < count; index++, lane++) lanes[lane] += values[index];
  return lane_total(lanes);
}

static double squares(const double *values, size_t count, double mean) {
  double lanes[LANES] = {0};
  size_t index = 0;
  for (; index + LANES <= count; index += LANES) {
    for (size_t lane = 0; lane < LANES; lane++) {
      const double off = values[index + lane] - mean;
      lanes[lane] += off * off;
    }
  }
  for (size_t lane = 0; index < count; index++, lane++) {
    const double off = values[index] - mean;
    lanes[lane] += off * off;
  }
  return lane_total(lanes);
}

static size_t boundary(const double *times, size_t from, size_t to, double end, size_t guess) {
  size_t low = from + 1, high = to;
  if (guess < to - from) {
    const size_t pivot = from + guess;
    if (times[pivot] >= end) {
      if (times[pivot - 1] < end) return pivot;
      high = pivot;
    } else {
      low = pivot + 1;
    }
  }
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (times[middle] >= end) high = middle;
    else low = middle + 1;
  }
  return low;
}

static size_t windows(const double *times, const double *values, size_t count, double width, double *rows) {
  size_t row = 0, guess = 1;
  for (size_t from = 0; from < count; row++) {
    const int64_t time = (int64_t)times[from];
    const double start = (double)(time - time % (int64_t)width);
    const size_t next = boundary(times, from, count, start + width, guess);
    double *out = rows + row * WINDOW_FIELDS;
    guess = next - from;
    out[0] = start;
    reduce(values + from, guess, out + 1);
    out[5] = values[from];
    out[6] = values[next - 1];
    out[7] = squares(values + from, guess, out[2] / (double)guess);
    from = next;
  }
  return row;
}

static uint32_t cells[BUCKETS][CELL_LANES];
static uint8_t marks[MARKS];

static inline void count_value(double value, size_t lane) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  cells[bits >> 45][lane]++;
  marks[bits >> 52] = 1;
}

static size_t gather_mark(size_t mark, uint32_t *pairs, size_t length) {
  const size_t first = mark * (BUCKETS / MARKS);
  const int is_negative = mark >= MARKS / 2;
  if (!marks[mark]) return length;
  marks[mark] = 0;
  for (size_t step = 0; step < BUCKETS / MARKS; step++) {
    const size_t bits = is_negative ? first + BUCKETS / MARKS - 1 - step : first + step;
    const uint32_t count = cells[bits][0] + cells[bits][1] + cells[bits][2] + cells[bits][3];
    if (count == 0) continue;
    memset(cells[bits], 0, sizeof cells[bits]);
    pairs[length++] = (uint32_t)(is_negative ? BUCKETS - 1 - bits : BUCKETS / 2 + bits);
    pairs[length++] = count;
  }
  return length;
}

static size_t sketch(const double *values, size_t count, uint32_t *pairs) {
  size_t index = 0, length = 0;
  for (; index + CELL_LANES <= count; index += CELL_LANES) {
    for (size_t lane = 0; lane < CELL_LANES; lane++) count_value(values[index + lane], lane);
  }
  for (; index < count; index++) count_value(values[index], 0);
  for (size_t mark = MARKS; mark > MARKS / 2; mark--) length = gather_mark(mark - 1, pairs, length);
  for (size_t mark = 0; mark < MARKS / 2; mark++) length = gather_mark(mark, pairs, length);
  return length;
}

/** Fowler, Noll and Vo's hash over words, as bench/workloads/series-kernels.ts has it. */
static uint32_t hash_words(uint32_t hash, const void *words, size_t count) {
  for (size_t index = 0; index < count; index++) {
    uint32_t word;
    memcpy(&word, (const char *)words + index * 4, 4);
    hash = (hash ^ word) * 0x01000193u;
  }
  return hash;
}

static double now_ns(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int compare(const void *left, const void *right) {
  const double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/** One pass over all labels; results stand in `results`, whose words in use are returned. */
static size_t pass(const char *name, const double *times, const double *values, size_t labels, size_t points,
                   double *results) {
  size_t used = 0;
  for (size_t label = 0; label < labels; label++) {
    const double *own = values + label * points;
    double *out = results + used / 2;
    if (strcmp(name, "series-reduce") == 0) {
      reduce(own, points, out);
      used += 8;
    } else if (strcmp(name, "series-variance") == 0) {
      out[0] = sum(own, points) / (double)points;
      out[1] = squares(own, points, out[0]);
      used += 4;
    } else if (strcmp(name, "series-sketch") == 0) {
      used += sketch(own, points, (uint32_t *)results + used);
      used += used & 1;
    } else {
      const double width = strcmp(name, "series-window-60") == 0 ? 60e3 : 3600e3;
      used += windows(times + label * points, own, points, width, out) * WINDOW_FIELDS * 2;
    }
  }
  return used;
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  const size_t labels = strtoul(argv[3], NULL, 10), points = strtoul(argv[4], NULL, 10);
  const size_t samples = strtoul(argv[5], NULL, 10), total = labels * points;
  double *times = malloc(total * 16 + 16), *elapsed = calloc(samples + 1, 8);
  double *results = malloc(total * 16 + labels * 1024);
  FILE *file = fopen(argv[2], "rb");
  if (!times || !elapsed || !results || !file || fread(times, 8, total * 2, file) != total * 2) return 3;
  memset(results, 0, total * 16 + labels * 1024);
  size_t used = 0;
  for (size_t sample = 0; sample < samples + 2; sample++) {
    const double wall = now_ns(CLOCK_MONOTONIC), processor = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    used = pass(argv[1], times, times + total, labels, points, results);
    const double worked = now_ns(CLOCK_PROCESS_CPUTIME_ID) - processor;
    const double passed = now_ns(CLOCK_MONOTONIC) - wall;
    if (sample >= 2) elapsed[sample - 2] = worked < passed ? worked : passed;
  }
  qsort(elapsed, samples, sizeof *elapsed, compare);
  printf("%.6f %08x\n", elapsed[samples / 2] / (double)total, hash_words(0x811c9dc5u, results, used));
  return 0;
}
