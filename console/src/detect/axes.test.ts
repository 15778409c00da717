import { expect, test } from 'vitest';
import { axesOf } from './axes';

const pose = (pitch_angle: number, yaw_angle: number, roll_angle: number) => ({ pitch_angle, yaw_angle, roll_angle });

test('a face that looks ahead points at the viewer', () => {
  const { right, down, forward } = axesOf(pose(0, 0, 0));
  expect(right).toEqual([1, 0]);
  expect(down).toEqual([0, 1]);
  expect(forward[0]).toBeCloseTo(0);
  expect(forward[1]).toBeCloseTo(0);
});

test('signs are those of the API', () => {
  expect(axesOf(pose(30, 0, 0)).forward[1]).toBeCloseTo(0.5); // faces down
  expect(axesOf(pose(0, 30, 0)).forward[0]).toBeCloseTo(-0.5); // turned to the left of the image
  expect(axesOf(pose(0, 0, 30)).right[1]).toBeCloseTo(0.5); // tilted clockwise
});
