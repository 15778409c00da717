import { afterEach, expect, test, vi } from 'vitest';
import { onBack, reportAway, whenBack } from './reachability';

afterEach(() => vi.unstubAllGlobals());

test('the service is polled until it is ready', async () => {
  vi.useFakeTimers();
  const answers = [
    () => Promise.reject(new TypeError('refused')),
    async () => ({ ok: false }),
    async () => ({ ok: true }),
  ];
  const fetched = vi.fn(() => answers.shift()?.());
  vi.stubGlobal('fetch', fetched);
  const back = vi.fn();
  const end = onBack(back);
  reportAway();
  reportAway();
  let resolved = false;
  void whenBack().then(() => {
    resolved = true;
  });
  await vi.advanceTimersByTimeAsync(4500);
  expect(resolved).toBe(false);
  await vi.advanceTimersByTimeAsync(2000);
  expect(resolved).toBe(true);
  expect(back).toHaveBeenCalledTimes(1);
  expect(fetched).toHaveBeenCalledTimes(3);
  end();
  vi.useRealTimers();
});
