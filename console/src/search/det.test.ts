import { expect, test } from 'vitest';
import { linearScale, missRate, scaleOf } from './det';

test('an axis has a tick at each power of ten, at most six', () => {
  const scale = scaleOf([0.002, 0.3], 0, 100);
  expect(scale.ticks.map((tick) => tick.toPrecision(1))).toEqual(['0.001', '0.01', '0.1', '1']);
  expect(scale.at(0.001)).toBeCloseTo(0);
  expect(scale.at(1)).toBeCloseTo(100);
  expect(scale.at(1e-9)).toBe(0);
  expect(scaleOf([1e-8, 0.1], 0, 1).ticks.length).toBeLessThanOrEqual(6);
});

test('missed matches are interpolated between operating points', () => {
  const points = [
    { similarity: 0.9, score: 0.4, false_match_rate: 1e-3, true_match_rate: 0.99 },
    { similarity: 0.96, score: 0.5, false_match_rate: 1e-5, true_match_rate: 0.96 },
  ];
  expect(missRate(points, 0.93)).toBeCloseTo(0.025);
  expect(missRate(points, 0.9)).toBeCloseTo(0.01);
  expect(missRate(points, 0.97)).toBeUndefined();
});

test('a linear axis maps 0 and 1 to its ends', () => {
  const scale = linearScale(160, 10);
  expect(scale.at(0)).toBe(160);
  expect(scale.at(1)).toBe(10);
  expect(scale.at(0.5)).toBe(85);
});
