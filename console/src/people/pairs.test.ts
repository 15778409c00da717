import { expect, test } from 'vitest';
import type { Pair } from './Duplicates';
import { combined, decided } from './pairs';

const face = (external_image_id: string) => ({ external_image_id }) as Pair['faces'][0];
const pair = (first: string, second: string, similarity: number): Pair => ({
  faces: [face(first), face(second)],
  similarity,
});
const ids = (pairs: Pair[]) => pairs.map((each) => each.faces.map((one) => one.external_image_id).join('-'));

test('a pair is listed once, by its greatest similarity', () => {
  const pairs = combined([pair('a', 'b', 0.94)], [pair('b', 'a', 0.95), pair('c', 'd', 0.97)]);
  expect(ids(pairs)).toEqual(['c-d', 'b-a']);
});

test('a decision removes its pair', () => {
  const pairs = [pair('a', 'b', 0.97), pair('a', 'c', 0.95), pair('b', 'c', 0.94)];
  expect(ids(decided(pairs, { action: 'distinct', people: ['b', 'a'] }))).toEqual(['a-c', 'b-c']);
  expect(ids(decided(pairs, { action: 'merge', people: ['b'], into: 'a' }))).toEqual(['a-c']);
});
