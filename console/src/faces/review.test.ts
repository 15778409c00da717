import { expect, test } from 'vitest';
import { proposed, wayOf } from './review';

const face = (side: number, known = false) => ({
  bounding_box: { top_left_x: 0, top_left_y: 0, width: side, height: side },
  candidates: known ? [{ face_id: 'f', external_image_id: 'anna', external_fields: {}, similarity: 0.95 }] : [],
});

test('people in the set and tiny faces are not ticked at first', () => {
  expect(proposed([face(200), face(100, true), face(20), face(60)])).toEqual([0, 3]);
});

test('a photo is sent whole if all faces or its clear main face are chosen, else each face alone', () => {
  expect(wayOf([face(200), face(100)], [0, 1])).toBe('all');
  expect(wayOf([face(200)], [0])).toBe('main');
  expect(wayOf([face(200), face(100)], [0])).toBe('main');
  expect(wayOf([face(200), face(190)], [0])).toBe('crops');
  expect(wayOf([face(200), face(100)], [1])).toBe('crops');
  expect(wayOf([face(200), face(100), face(90)], [1, 2])).toBe('crops');
});
