import { expect, test } from 'vitest';
import { falseMatchRate, oneIn } from './rates';

const points = [
  [0.4, 1e-1],
  [0.85, 1e-3],
  [0.93, 1e-4],
  [0.96, 1e-5],
].map(([similarity = 0, rate = 0]) => ({ similarity, false_match_rate: rate, true_match_rate: 1, score: 0 }));

test('at an operating point the rate is the measured one', () => {
  expect(falseMatchRate(points, 0.93)?.rate).toBeCloseTo(1e-4, 12);
  expect(falseMatchRate(points, 0.4)).toEqual({ rate: 1e-1, bound: '' });
});

test('between operating points the rate is interpolated on a logarithmic scale', () => {
  expect(falseMatchRate(points, 0.89)?.rate).toBeCloseTo(Math.sqrt(1e-3 * 1e-4), 10);
});

test('outside the measured range the rate is a bound', () => {
  expect(falseMatchRate(points, 0.1)).toEqual({ rate: 1e-1, bound: 'above' });
  expect(falseMatchRate(points, 0.99)).toEqual({ rate: 1e-5, bound: 'below' });
  expect(falseMatchRate([], 0.5)).toBeUndefined();
});

test('a rate is shown as one in N', () => {
  expect(oneIn(1e-4)).toBe((10_000).toLocaleString());
  expect(oneIn(2.41e-4)).toBe((4100).toLocaleString());
});
