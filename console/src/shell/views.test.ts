import { expect, test, vi } from 'vitest';
import { persistently } from './views';

vi.mock('../api/reachability', () => ({ reportAway: vi.fn(), whenBack: () => Promise.resolve() }));

test('a part that could not be loaded is loaded again when the service is back', async () => {
  let failures = 2;
  const load = vi.fn(async () => {
    if (failures-- > 0) throw new TypeError('Failed to fetch dynamically imported module');
    return 'part';
  });
  expect(await persistently(load)).toBe('part');
  expect(load).toHaveBeenCalledTimes(3);
});

test('a part that a new version does not have is reported', async () => {
  const load = vi.fn(async () => {
    throw new TypeError('Failed to fetch dynamically imported module');
  });
  await expect(persistently(load)).rejects.toThrow(TypeError);
});
