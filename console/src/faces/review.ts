import { formOf, postForm } from '../api/client';
import type { Box, Face, Identified } from '../api/types';
import { MIN_SIDE } from '../detect/Traits';
import { area, cropped, upright } from '../images/image';

/** Margin of the crop of a face that is added alone, in widths of its box. */
const MARGIN = 0.5;

export const isTiny = ({ width, height }: Box) => Math.min(width, height) < MIN_SIDE;

/** The faces of a photo to tick at first: those of people who are not in the set and large enough to be recognised. */
export const proposed = (found: readonly Identified[]): number[] =>
  found.flatMap((face, index) => (face.candidates.length || isTiny(face.bounding_box) ? [] : [index]));

/** How to add chosen faces of a photo: all at once, its main face, or the crop of each. */
export function wayOf(found: readonly Identified[], chosen: readonly number[]): 'all' | 'main' | 'crops' {
  if (chosen.length === found.length) return found.length === 1 ? 'main' : 'all';
  const [only] = chosen;
  if (chosen.length !== 1 || only === undefined) return 'crops';
  const boxes = found.map((face) => face.bounding_box);
  const largest = Math.max(...boxes.filter((_, index) => index !== only).map(area));
  // nearly equal faces: the service might take another one for the main face
  return area(boxes[only] as Box) > 1.5 * largest ? 'main' : 'crops';
}

/** Add the chosen faces of a photo with other fields of the form; returns what was added. */
export async function addChosen(
  path: string,
  photo: Blob,
  found: readonly Identified[],
  chosen: readonly number[],
  fields: Record<string, string | undefined>,
  signal: AbortSignal,
): Promise<Face[]> {
  const way = wayOf(found, chosen);
  const add = async (image: Blob, single: boolean) =>
    (await postForm<{ faces: Face[] }>(path, formOf({ ...fields, single, image_file: image }), signal)).faces;
  if (way !== 'crops') return add(photo, way === 'main');
  const bitmap = await upright(photo);
  try {
    const added: Face[] = [];
    for (const index of chosen) {
      const others = found.filter((_, other) => other !== index).map((face) => face.bounding_box);
      const box = (found[index] as Identified).bounding_box;
      added.push(...(await add(await cropped(bitmap, box, { margin: MARGIN, others }), true)));
    }
    return added;
  } finally {
    bitmap.close();
  }
}
