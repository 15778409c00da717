import type { Pair } from './Duplicates';
import type { Change } from './usePeople';

const idsOf = (pair: Pair) => pair.faces.map((face) => face.external_image_id).sort();
const keyOf = (pair: Pair) => idsOf(pair).join(' ');

/** Add pairs to others: each once, with its greatest similarity, the most similar first. */
export function combined(pairs: Pair[], more: Pair[]): Pair[] {
  const best = new Map<string, Pair>();
  for (const pair of [...pairs, ...more]) {
    const known = best.get(keyOf(pair));
    if (!known || known.similarity < pair.similarity) best.set(keyOf(pair), pair);
  }
  return [...best.values()].sort((one, other) => other.similarity - one.similarity);
}

/** Apply a decision: the pair goes, and merged people have their new id in the other pairs. */
export function decided(pairs: Pair[], change: Change): Pair[] {
  if (change.action === 'distinct') {
    const key = [...change.people].sort().join(' ');
    return pairs.filter((pair) => keyOf(pair) !== key);
  }
  if (change.action !== 'merge') return pairs;
  const renamed = pairs.map((pair) => ({
    ...pair,
    faces: pair.faces.map((face) =>
      change.people.includes(face.external_image_id) ? { ...face, external_image_id: change.into } : face,
    ),
  }));
  return combined(
    renamed.filter((pair) => new Set(idsOf(pair)).size > 1),
    [],
  );
}
