import type { Identified } from '../api/types';
import { nameOf } from './identify';

/** The last time that a person was seen. */
export interface Sighting {
  name: string;
  similarity: number;
  time: Date;
}

const MAX_SIGHTINGS = 12;

/** Add the people of a frame to those who were seen, the latest first; each person is listed once. */
export function withSightings(before: Sighting[], faces: Identified[], time: Date): Sighting[] {
  const now = faces.flatMap(({ candidates: [best] }) =>
    best ? [{ name: nameOf(best), similarity: best.similarity, time }] : [],
  );
  const distinct = now.filter((each, index) => now.findIndex((other) => other.name === each.name) === index);
  const names = new Set(distinct.map((each) => each.name));
  return [...distinct, ...before.filter((each) => !names.has(each.name))].slice(0, MAX_SIGHTINGS);
}
