import type { OperatingPoint } from '../api/types';

/** Similarity from which FRS and this service recommend to call two faces the same person. */
export const RECOMMENDED_THRESHOLD = 0.93;

/** False match rate at a threshold; `bound` marks the ends of the measured range. */
export interface Rate {
  rate: number;
  bound: '' | 'below' | 'above';
}

/** Interpolate the false match rate at a similarity, linear in its logarithm between operating points. */
export function falseMatchRate(points: readonly OperatingPoint[], similarity: number): Rate | undefined {
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last) return undefined;
  if (similarity < first.similarity) return { rate: first.false_match_rate, bound: 'above' };
  if (similarity > last.similarity) return { rate: last.false_match_rate, bound: 'below' };
  const after = points.findIndex((point) => point.similarity >= similarity);
  const high = points[after] ?? last;
  const low = points[after - 1] ?? high;
  if (high.similarity === low.similarity) return { rate: high.false_match_rate, bound: '' };
  const share = (similarity - low.similarity) / (high.similarity - low.similarity);
  const [from, to] = [Math.log(low.false_match_rate), Math.log(high.false_match_rate)];
  return { rate: Math.exp(from + share * (to - from)), bound: '' };
}

/** The N of “one in N” for a rate, rounded to two digits. */
export const oneIn = (rate: number) => Number((1 / rate).toPrecision(2)).toLocaleString();
