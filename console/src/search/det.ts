import type { OperatingPoint } from '../api/types';

/** An axis of a plot: its ticks, and the pixel of a rate. */
export interface Scale {
  ticks: number[];
  at: (rate: number) => number;
}

/** Axis that maps rates, all above 0, to a range of pixels; rates beyond its ends are at the ends. */
export function scaleOf(rates: number[], from: number, to: number): Scale {
  const low = Math.floor(Math.log10(Math.min(...rates)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...rates))));
  const step = Math.ceil((high - low) / 5);
  const ticks = Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, index) => 10 ** (low + index * step));
  const share = (rate: number) => Math.min(1, Math.max(0, (Math.log10(rate) - low) / (high - low)));
  return { ticks, at: (rate) => from + (to - from) * share(rate) };
}

/** A linear axis that maps rates from 0 to 1 to a range of pixels. */
export function linearScale(from: number, to: number): Scale {
  return { ticks: [0, 0.2, 0.4, 0.6, 0.8, 1], at: (rate) => from + (to - from) * rate };
}

/** Share of matches that are missed at a similarity, linear between the operating points of the calibration. */
export function missRate(points: readonly OperatingPoint[], similarity: number): number | undefined {
  const after = points.findIndex((point) => point.similarity >= similarity);
  const high = points[after];
  if (!high) return undefined;
  const low = points[after - 1] ?? high;
  const span = high.similarity - low.similarity;
  const share = span ? (similarity - low.similarity) / span : 0;
  return 1 - (low.true_match_rate + share * (high.true_match_rate - low.true_match_rate));
}
