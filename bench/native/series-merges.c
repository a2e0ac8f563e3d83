// Merging sorted runs of points in C: a tournament tree of losers over keys of time and run in one integer, with galloping,
// as the engines do it (assembly/kernels/run-merge.ts names the sources).
// usage: series-merges FILE RUNS LENGTH SAMPLES      (prints nanoseconds a point and the check)
// The file holds the times of all runs, then their values, as doubles.
#include "measure.h"

enum { RUN_BITS = 9, RUNS_MAX = 1 << RUN_BITS, GALLOP_AFTER = 7 };
#define USED_UP INT64_MAX

typedef struct {
  const double *time, *value, *end;
} Run;

static Run runs[RUNS_MAX];
static int64_t losers[RUNS_MAX], winners[RUNS_MAX * 2];
static const double *columns;
static double *merged;
static size_t run_count, length, leaves;

static inline int64_t key_of(double time, size_t run) { return ((int64_t)time << RUN_BITS) + (int64_t)run; }

static int64_t play(void) {
  const size_t total = run_count * length;
  for (size_t number = 0; number < leaves; number++) {
    winners[leaves + number] = USED_UP;
    if (number >= run_count) continue;
    const double *time = columns + number * length;
    runs[number] = (Run){time, time + total, time + length};
    if (length > 0) winners[leaves + number] = key_of(*time, number);
  }
  for (size_t node = leaves - 1; node > 0; node--) {
    const int64_t left = winners[node * 2], right = winners[node * 2 + 1];
    winners[node] = left < right ? left : right;
    losers[node] = left < right ? right : left;
  }
  return winners[1];
}

/** Points at the head of a winning run that come before all others; at least one does. */
static size_t gallop(const Run *run, size_t number) {
  int64_t bound = USED_UP;
  for (size_t node = (number + leaves) / 2; node > 0; node /= 2) bound = losers[node] < bound ? losers[node] : bound;
  const size_t left = (size_t)(run->end - run->time);
  size_t reached = 1;
  while (reached < left && key_of(run->time[reached], number) < bound) reached *= 2;
  size_t low = reached / 2 > 1 ? reached / 2 : 1, high = reached < left ? reached : left;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (key_of(run->time[middle], number) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

static void merge(void) {
  const size_t total = run_count * length;
  double *time = merged, *value = merged + total, *end = merged + total;
  int64_t key = play();
  size_t streak = 0;
  while (time < end) {
    const size_t number = (size_t)key & (RUNS_MAX - 1);
    Run *run = &runs[number];
    size_t taken = 1;
    if (streak == GALLOP_AFTER) {
      taken = gallop(run, number);
      memcpy(time, run->time, taken * 8);
      memcpy(value, run->value, taken * 8);
      streak = 0;
    } else {
      *time = *run->time;
      *value = *run->value;
    }
    time += taken;
    value += taken;
    run->time += taken;
    run->value += taken;
    key = run->time == run->end ? USED_UP : key_of(*run->time, number);
    for (size_t node = (number + leaves) / 2; node > 0; node /= 2) {
      const int64_t other = losers[node];
      losers[node] = other < key ? key : other;
      key = other < key ? other : key;
    }
    streak = ((size_t)key & (RUNS_MAX - 1)) == number ? streak + 1 : 0;
  }
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  run_count = strtoul(argv[2], NULL, 10);
  length = strtoul(argv[3], NULL, 10);
  const size_t total = run_count * length;
  if (run_count > RUNS_MAX) return 2;
  for (leaves = 2; leaves < run_count;) leaves *= 2;
  columns = read_columns(argv[1], total * 2);
  merged = malloc(total * 16);
  if (!merged) return 3;
  const double ns = median_ns(merge, strtoul(argv[4], NULL, 10));
  printf("%.6f %08x\n", ns / (double)total, hash_words(0x811c9dc5u, merged, total * 4));
  return 0;
}
