import { expect, test } from 'vitest';
import { jsonOf } from './Exchange';

test('files are described, and what is missing is left out', () => {
  const photo = new Blob(['abc'], { type: 'image/jpeg' });
  expect(JSON.parse(jsonOf({ image_file: photo, top_n: 1, filter: undefined }))).toEqual({
    image_file: 'image/jpeg, 3 bytes',
    top_n: 1,
  });
});
