import { expect, test } from 'vitest';
import { MAX_DURATION, planOf, stepAt, timesOf } from './plan';

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
