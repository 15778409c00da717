import { expect, test } from 'vitest';
import { frameOf, MAX_DURATION, planOf, stepAt, timesOf } from './plan';

test('actions follow one another, each with its time', () => {
  const steps = planOf([1, 3]);
  expect(timesOf(steps)).toBe('500-3500,3500-6500');
  expect(stepAt(steps, 100)).toBeUndefined();
  expect(stepAt(steps, 3500)?.action).toBe(3);
  expect(stepAt(steps, 6500)).toBeUndefined();
});

test('ten actions fit in a video of the maximum duration', () => {
  const steps = planOf([1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
  expect(steps.at(-1)?.to).toBeLessThan(MAX_DURATION);
});

test('the frame of a step is the one with the largest movement in it', () => {
  const [turn, mouth] = planOf([1, 4]);
  const angles = [
    [600, 5, 20],
    [1100, -30, 0],
    [2000, 12, 0],
    [3600, 40, 0],
    [5000, 0, 0],
  ].map(([time = 0, yaw = 0, pitch = 0]) => ({ time, yaw, pitch, image: '' }));
  expect(turn && frameOf(turn, angles)?.time).toBe(1100);
  expect(mouth && frameOf(mouth, angles)?.time).toBe(5000);
  expect(turn && frameOf(turn, [])).toBeUndefined();
});
