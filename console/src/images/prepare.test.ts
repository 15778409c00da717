import { expect, test } from 'vitest';
import { prepared, scaleOf, UnreadablePhoto } from './prepare';

test('only images beyond the limit are scaled', () => {
  expect(scaleOf(4096, 3000)).toBe(1);
  expect(scaleOf(3000, 8192)).toBe(0.5);
});

test('a photo that this browser cannot decode is left to the service, if it has a format of the service', async () => {
  const broken = new Blob(['x'], { type: 'image/jpeg' });
  expect(await prepared(broken)).toBe(broken);
  await expect(prepared(new Blob(['x'], { type: 'image/heic' }))).rejects.toThrow(UnreadablePhoto);
});
