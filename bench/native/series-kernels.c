// The kernels of point tables in C, for how fast the machine can be: the same inputs, lanes and results as the engines, as
// plain loops for the compiler to vectorise.
// usage: series-kernels WORKLOAD FILE LABELS POINTS SAMPLES      (prints nanoseconds a point and the check)
// The file holds the times of all labels, then their values, as doubles.
#include "measure.h"

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

static const char *name;
static const double *times;
static double *results;
static size_t labels, points, used;

static void pass_all(void) { used = pass(name, times, times + labels * points, labels, points, results); }

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  name = argv[1];
  labels = strtoul(argv[3], NULL, 10);
  points = strtoul(argv[4], NULL, 10);
  const size_t total = labels * points;
  times = read_columns(argv[2], total * 2);
  results = calloc(total * 2 + labels * 128, 8);
  if (!results) return 3;
  const double ns = median_ns(pass_all, strtoul(argv[5], NULL, 10));
  printf("%.6f %08x\n", ns / (double)total, hash_words(0x811c9dc5u, results, used));
  return 0;
}
