import { expect, test } from 'vitest';
import { surroundings } from '../images/image';
import { marginOf } from './useFaces';

const image = { width: 1000, height: 800 };
const boxAt = (x: number, y: number, side: number) => ({ top_left_x: x, top_left_y: y, width: side, height: side });

test('the crop of a tiny face is large enough for the detector', () => {
  const box = boxAt(500, 400, 20);
  expect(surroundings(image, box, marginOf(box))).toEqual(boxAt(382, 282, 256));
});

test('the crop of a large face has its own size as margin, within the image', () => {
  const box = boxAt(100, 300, 200);
  expect(surroundings(image, box, marginOf(box))).toEqual({ top_left_x: 0, top_left_y: 100, width: 500, height: 600 });
});
