import { expect, test } from 'vitest';
import { withSightings } from './sightings';

const box = { top_left_x: 0, top_left_y: 0, width: 1, height: 1 };
const face = (id: string, name?: string) => ({
  bounding_box: box,
  candidates: [{ face_id: 'f', external_image_id: id, external_fields: name ? { name } : {}, similarity: 0.95 }],
});
const stranger = { bounding_box: box, candidates: [] };

test('each person is listed once, the latest first', () => {
  const first = withSightings([], [face('anna'), stranger], new Date(1000));
  const second = withSightings(first, [face('b-1', '张三')], new Date(2000));
  const third = withSightings(second, [face('anna'), face('anna')], new Date(3000));
  expect(third.map((each) => [each.name, each.time.getTime()])).toEqual([
    ['anna', 3000],
    ['张三', 2000],
  ]);
});
