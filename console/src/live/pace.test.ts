import { expect, test } from 'vitest';
import { ApiError, errorOf } from '../api/errors';
import { Pace } from './pace';

test('requests begin at most as often as the rate', () => {
  const pace = new Pace(4);
  expect(pace.delay(1000, 1100)).toBe(150);
  expect(pace.delay(1000, 1400)).toBe(0);
});

test('the rate is that of the headers of a rejected request, and the next one waits as long as they say', async () => {
  const headers = { 'Retry-After': '3', 'X-ratelimit': '4', 'X-ratelimit-window': '2 second' };
  const error = await errorOf(new Response('{"error_code":"FRS.0033"}', { status: 429, headers }));
  const pace = new Pace(4);
  expect(pace.slowDown(error, 1000)).toBe(true);
  expect(pace.delay(1000, 1000)).toBe(3000);
  expect(pace.perSecond).toBeCloseTo(1.6);
  expect(pace.delay(5000, 5000)).toBe(625);
});

test('other errors stop the camera', () => {
  expect(new Pace(1).slowDown(new ApiError(404, 'FRS.0302', '', ''), 0)).toBe(false);
});
