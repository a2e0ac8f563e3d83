// Averages of models in C, for how fast the machine can be: the same inputs, orders and results as the engines, as plain
// loops for the compiler to vectorise, over pieces that stay in the cache. With "-streamed" each piece is copied first, as
// an engine with a memory of its own must.
// usage: models WORKLOAD FILE ROWS PARAMETERS SAMPLES      (prints nanoseconds a number of the input and the check)
// The file holds the rows one after the other, as f32.
#include "measure.h"

enum { PIECE = 8192, ORDER_PIECE = 2048, SIXTEEN = 16 };

static size_t row_count, parameters;
static float *restrict rows, *restrict out;
static float window[4 * PIECE > SIXTEEN * ORDER_PIECE ? 4 * PIECE : SIXTEEN * ORDER_PIECE];
static double *restrict sums;
static int is_streamed, is_median;
static const char *name;

/** A piece of `count` rows from `row` on: where it lies, or copied. */
static const float *piece_of(size_t row, size_t count, size_t from, size_t length, size_t *stride) {
  *stride = parameters;
  if (!is_streamed) return rows + row * parameters + from;
  for (size_t index = 0; index < count; index++) {
    memcpy(window + index * length, rows + (row + index) * parameters + from, length * 4);
  }
  *stride = length;
  return window;
}

static void add_four(float *restrict sum, const float *restrict piece, size_t stride, size_t length, float weight) {
  for (size_t at = 0; at < length; at++) {
    float one = sum[at] + piece[at] * weight;
    one = one + piece[stride + at] * weight;
    one = one + piece[2 * stride + at] * weight;
    sum[at] = one + piece[3 * stride + at] * weight;
  }
}

static inline double term(float value, double weight) {
  const double rounder = 6755399441055744.0;
  return (double)value * weight + rounder - rounder;
}

static void add_four_exactly(double *restrict sum, const float *restrict piece, size_t stride, size_t length) {
  const double weight = 4294967296.0;
  for (size_t at = 0; at < length; at++) {
    double one = sum[at] + term(piece[at], weight);
    one += term(piece[stride + at], weight);
    one += term(piece[2 * stride + at], weight);
    sum[at] = one + term(piece[3 * stride + at], weight);
  }
}

static void average(void) {
  const float weight = (float)(1.0 / (double)row_count);
  size_t stride;
  memset(out, 0, parameters * 4);
  for (size_t from = 0; from < parameters; from += PIECE) {
    const size_t length = parameters - from < PIECE ? parameters - from : PIECE;
    for (size_t row = 0; row < row_count; row += 4) {
      const float *piece = piece_of(row, 4, from, length, &stride);
      add_four(out + from, piece, stride, length, weight);
    }
  }
}

static void average_exactly(void) {
  size_t stride;
  memset(sums, 0, parameters * 8);
  for (size_t from = 0; from < parameters; from += PIECE) {
    const size_t length = parameters - from < PIECE ? parameters - from : PIECE;
    for (size_t row = 0; row < row_count; row += 4) {
      const float *piece = piece_of(row, 4, from, length, &stride);
      add_four_exactly(sums + from, piece, stride, length);
    }
  }
  const double divisor = (double)row_count * 4294967296.0;
  for (size_t at = 0; at < parameters; at++) out[at] = (float)(sums[at] / divisor);
}

#define EXCHANGE(a, b) do { \
    const float left = row##a, right = row##b; \
    row##a = right < left ? right : left; \
    row##b = right < left ? left : right; \
  } while (0)

#define SORT \
  float row0 = piece[0 * stride + at] + 0.0f; float row1 = piece[1 * stride + at] + 0.0f; \
  float row2 = piece[2 * stride + at] + 0.0f; float row3 = piece[3 * stride + at] + 0.0f; \
  float row4 = piece[4 * stride + at] + 0.0f; float row5 = piece[5 * stride + at] + 0.0f; \
  float row6 = piece[6 * stride + at] + 0.0f; float row7 = piece[7 * stride + at] + 0.0f; \
  float row8 = piece[8 * stride + at] + 0.0f; float row9 = piece[9 * stride + at] + 0.0f; \
  float row10 = piece[10 * stride + at] + 0.0f; float row11 = piece[11 * stride + at] + 0.0f; \
  float row12 = piece[12 * stride + at] + 0.0f; float row13 = piece[13 * stride + at] + 0.0f; \
  float row14 = piece[14 * stride + at] + 0.0f; float row15 = piece[15 * stride + at] + 0.0f; \
  EXCHANGE(0, 1); EXCHANGE(2, 3); EXCHANGE(4, 5); EXCHANGE(6, 7); EXCHANGE(8, 9); EXCHANGE(10, 11); \
  EXCHANGE(12, 13); EXCHANGE(14, 15); EXCHANGE(0, 2); EXCHANGE(1, 3); EXCHANGE(4, 6); EXCHANGE(5, 7); \
  EXCHANGE(8, 10); EXCHANGE(9, 11); EXCHANGE(12, 14); EXCHANGE(13, 15); EXCHANGE(0, 4); EXCHANGE(1, 5); \
  EXCHANGE(2, 6); EXCHANGE(3, 7); EXCHANGE(8, 12); EXCHANGE(9, 13); EXCHANGE(10, 14); EXCHANGE(11, 15); \
  EXCHANGE(0, 8); EXCHANGE(1, 9); EXCHANGE(2, 10); EXCHANGE(3, 11); EXCHANGE(4, 12); EXCHANGE(5, 13); \
  EXCHANGE(6, 14); EXCHANGE(7, 15); EXCHANGE(5, 10); EXCHANGE(6, 9); EXCHANGE(3, 12); EXCHANGE(13, 14); \
  EXCHANGE(4, 8); EXCHANGE(7, 11); EXCHANGE(1, 2); EXCHANGE(1, 4); EXCHANGE(7, 13); EXCHANGE(2, 8); \
  EXCHANGE(11, 14); EXCHANGE(2, 4); EXCHANGE(5, 6); EXCHANGE(9, 10); EXCHANGE(11, 13); EXCHANGE(3, 8); \
  EXCHANGE(7, 12); EXCHANGE(6, 8); EXCHANGE(10, 12); EXCHANGE(3, 5); EXCHANGE(7, 9); EXCHANGE(3, 4); \
  EXCHANGE(5, 6); EXCHANGE(7, 8); EXCHANGE(9, 10); EXCHANGE(11, 12); EXCHANGE(6, 7); EXCHANGE(8, 9);

static void medians(const float *restrict piece, size_t stride, float *restrict to, size_t length) {
  for (size_t at = 0; at < length; at++) {
    SORT
    to[at] = row7 * 0.5f + row8 * 0.5f;
  }
}

static void trimmed_means(const float *restrict piece, size_t stride, float *restrict to, size_t length) {
  for (size_t at = 0; at < length; at++) {
    SORT
    float sum = row3 + row4;
    sum = sum + row5; sum = sum + row6; sum = sum + row7; sum = sum + row8;
    sum = sum + row9; sum = sum + row10; sum = sum + row11; sum = sum + row12;
    to[at] = sum / 10.0f;
  }
}

static void order(void) {
  size_t stride;
  for (size_t from = 0; from < parameters; from += ORDER_PIECE) {
    const size_t length = parameters - from < ORDER_PIECE ? parameters - from : ORDER_PIECE;
    const float *piece = piece_of(0, SIXTEEN, from, length, &stride);
    if (is_median) medians(piece, stride, out + from, length);
    else trimmed_means(piece, stride, out + from, length);
  }
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  name = argv[1];
  row_count = strtoul(argv[3], NULL, 10);
  parameters = strtoul(argv[4], NULL, 10);
  is_streamed = strstr(name, "-streamed") != NULL;
  is_median = strncmp(name, "median", 6) == 0;
  rows = (float *)read_columns(argv[2], row_count * parameters / 2);
  out = calloc(parameters, 4);
  sums = calloc(parameters, 8);
  if (!out || !sums) return 3;
  const int is_order = strncmp(name, "average", 7) != 0;
  void (*const pass)(void) = is_order ? order : strstr(name, "exact") ? average_exactly : average;
  const double ns = median_ns(pass, strtoul(argv[5], NULL, 10));
  printf("%.6f %08x\n", ns / (double)(row_count * parameters), hash_words(0x811c9dc5u, out, parameters));
  return 0;
}
