import { expect, test, vi } from 'vitest';
import { ApiError, OfflineError } from '../api/errors';
import { type Deleted, deleteFaces } from './deletion';

const ids = (count: number) => Array.from({ length: count }, (_, number) => `face${number}`);
const running = () => new AbortController().signal;

test('faces beyond the rate limit are deleted after the delay that the service names', async () => {
  vi.useFakeTimers();
  const deleted: string[] = [];
  let allowed = 20;
  const remove = async (id: string) => {
    if (allowed-- <= 0) {
      allowed = 20;
      throw new ApiError(429, 'FRS.0033', 'Too many requests.', '', 3);
    }
    deleted.push(id);
  };
  const progress: number[] = [];
  const deletion = deleteFaces(ids(25), remove, (result) => progress.push(result.deleted.length), running());
  await vi.advanceTimersByTimeAsync(2900);
  expect(deleted).toHaveLength(20);
  await vi.advanceTimersByTimeAsync(200);
  await deletion;
  expect(deleted).toEqual(ids(25));
  expect(progress.at(-1)).toBe(25);
  vi.useRealTimers();
});

test('faces that no longer exist are skipped', async () => {
  const remove = async (id: string) => {
    if (id === 'face1') throw new ApiError(400, 'FRS.0401', 'No face has that face_id, nothing to delete.', '');
  };
  let last: Deleted | undefined;
  await deleteFaces(ids(3), remove, (result) => (last = result), running());
  expect(last).toEqual({ deleted: ['face0', 'face2'], gone: ['face1'] });
});

test('another error ends the deletion and keeps what is done', async () => {
  const remove = async (id: string) => {
    if (id === 'face2') throw new OfflineError();
  };
  let last: Deleted | undefined;
  await expect(deleteFaces(ids(4), remove, (result) => (last = result), running())).rejects.toThrow(OfflineError);
  expect(last?.deleted).toEqual(['face0', 'face1']);
});

test('a stopped deletion deletes no more', async () => {
  const stop = new AbortController();
  const remove = vi.fn(async () => undefined);
  await deleteFaces(ids(4), remove, () => stop.abort(), stop.signal);
  expect(remove).toHaveBeenCalledTimes(1);
});
