// The part of the ABI that computes over models (assembly/index.ts exports it on). Blocks of linear memory belong to the
// host between these calls: it fills them, names them by their addresses and gives them back. Rows of f32 lie `stride`
// bytes apart; addresses and strides are multiples of 16. The host has checked counts and numbers, and calls in pieces.
import { ModelMean } from "./kernels/model-mean";
import { ModelNorms } from "./kernels/model-norms";
import { ModelOrder } from "./kernels/model-order";
import { ModelQuantization } from "./kernels/model-quantization";
import { ModelTop } from "./kernels/model-top";
import { Heap } from "./memory/heap";

export function modelsAllocate(bytes: u32): u32 {
  return Heap.allocate(bytes);
}
export function modelsRelease(pointer: u32, bytes: u32): void {
  Heap.release(pointer, bytes);
}

/** Weights are f32. */
export function modelsAdd(sum: u32, rows: u32, stride: u32, weights: u32, rowCount: u32, count: u32): void {
  ModelMean.add(sum, rows, stride, weights, rowCount, count);
}
/** Weights and sum are f64. */
export function modelsAddExact(
  sum: u32,
  rows: u32,
  stride: u32,
  weights: u32,
  rowCount: u32,
  count: u32,
): void {
  ModelMean.addExact(sum, rows, stride, weights, rowCount, count);
}
export function modelsFold(sum: u32, other: u32, count: u32): void {
  ModelMean.fold(sum, other, count);
}
export function modelsDivide(mean: u32, sum: u32, divisor: f64, count: u32): void {
  ModelMean.divide(mean, sum, divisor, count);
}

export function modelsScratchBytes(rowCount: u32): u32 {
  return ModelOrder.scratchBytes(rowCount);
}
export function modelsTrimmedMean(
  out: u32,
  rows: u32,
  stride: u32,
  rowCount: u32,
  trim: u32,
  count: u32,
  scratch: u32,
): void {
  ModelOrder.trimmedMean(out, rows, stride, rowCount, trim, count, scratch);
}

export function modelsNormOpen(): void {
  ModelNorms.open();
}
export function modelsSquares(pointer: u32, count: u32): void {
  ModelNorms.squares(pointer, count);
}
export function modelsSquaredDistance(pointer: u32, other: u32, count: u32): void {
  ModelNorms.squaredDistance(pointer, other, count);
}
export function modelsNormTotal(): f64 {
  return ModelNorms.total();
}
export function modelsGreatestBits(pointer: u32, count: u32): u32 {
  return ModelNorms.greatestBits(pointer, count);
}

export function modelsToBytes(out: u32, values: u32, words: u32, inverse: f32, most: f32, count: u32): void {
  ModelQuantization.bytes(out, values, words, inverse, most, count);
}
export function modelsToNibbles(
  out: u32,
  values: u32,
  words: u32,
  inverse: f32,
  most: f32,
  count: u32,
): void {
  ModelQuantization.nibbles(out, values, words, inverse, most, count);
}
export function modelsFromBytes(out: u32, bytes: u32, step: f32, count: u32): void {
  ModelQuantization.fromBytes(out, bytes, step, count);
}
export function modelsFromNibbles(out: u32, bytes: u32, step: f32, count: u32): void {
  ModelQuantization.fromNibbles(out, bytes, step, count);
}

export function modelsTopOpen(): void {
  ModelTop.open();
}
export function modelsTopCount(pointer: u32, count: u32, prefix: u32, shift: u32, width: u32): void {
  ModelTop.count(pointer, count, prefix, shift, width);
}
export function modelsTopClass(rank: u32): u32 {
  return ModelTop.classOf(rank);
}
export function modelsTopAbove(): u32 {
  return ModelTop.above;
}
export function modelsTopGatherOpen(equal: u32): void {
  ModelTop.equalLeft = equal;
}
export function modelsTopGather(out: u32, pointer: u32, count: u32, bound: u32, base: u32): u32 {
  return ModelTop.gather(out, pointer, count, bound, base);
}
