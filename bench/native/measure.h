// What the native competitors share: reading columns of doubles, the hash that engines come to as well, and medians.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/** Fowler, Noll and Vo's hash over words, as bench/native-competitor.ts has it. */
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

static int compare_doubles(const void *left, const void *right) {
  const double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/** The median nanoseconds of `pass`, wall or processor time, whichever is less; two passes warm up. */
static double median_ns(void (*pass)(void), size_t samples) {
  double *elapsed = calloc(samples, sizeof *elapsed);
  if (!elapsed) exit(3);
  for (size_t sample = 0; sample < samples + 2; sample++) {
    const double wall = now_ns(CLOCK_MONOTONIC), processor = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    pass();
    const double worked = now_ns(CLOCK_PROCESS_CPUTIME_ID) - processor;
    const double passed = now_ns(CLOCK_MONOTONIC) - wall;
    if (sample >= 2) elapsed[sample - 2] = worked < passed ? worked : passed;
  }
  qsort(elapsed, samples, sizeof *elapsed, compare_doubles);
  const double median = elapsed[samples / 2];
  free(elapsed);
  return median;
}

/** `count` doubles of a file. */
static double *read_columns(const char *path, size_t count) {
  double *columns = malloc(count * 8 + 16);
  FILE *file = fopen(path, "rb");
  if (!columns || !file || fread(columns, 8, count, file) != count) exit(3);
  fclose(file);
  return columns;
}
