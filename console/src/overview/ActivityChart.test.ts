import { expect, test } from 'vitest';
import { roundUp } from './ActivityChart';

test('the axis ends at a round number', () => {
  expect([0, 1, 2, 3, 7, 10, 11, 499, 501].map(roundUp)).toEqual([1, 1, 2, 5, 10, 10, 20, 500, 1000]);
});
