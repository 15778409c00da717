import { expect, test, vi } from 'vitest';
import { clearCrops, cropUrl } from './crops';

test('a crop is loaded once and revoked when it is discarded', async () => {
  const revoke = vi.spyOn(URL, 'revokeObjectURL').mockReturnValue(undefined);
  const load = vi.fn(async (path: string) => `blob:${path}`);
  expect(await cropUrl('/a', load)).toBe('blob:/a');
  expect(await cropUrl('/a', load)).toBe('blob:/a');
  expect(load).toHaveBeenCalledTimes(1);
  clearCrops();
  await vi.waitFor(() => expect(revoke).toHaveBeenCalledWith('blob:/a'));
});

test('a few crops are loaded at a time, and a missing one has no URL', async () => {
  let running = 0;
  let most = 0;
  const load = async (path: string) => {
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    if (path === '/3') throw new Error('missing');
    return path;
  };
  const all = await Promise.all(Array.from({ length: 12 }, (_, number) => cropUrl(`/${number}`, load)));
  expect(most).toBeLessThanOrEqual(4);
  expect(all[3]).toBe('');
  expect(all[11]).toBe('/11');
  clearCrops();
});
