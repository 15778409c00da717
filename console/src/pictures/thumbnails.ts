import type { Box } from '../api/types';
import { cropped, upright } from './picture';

/** Small pictures of faces enrolled in this session: the service keeps none. They live in memory until the page is left. */
const kept = new Map<string, string>();
const MOST = 500;

export const thumbnail = (faceId: string) => kept.get(faceId);

export async function keepThumbnail(faceId: string, picture: Blob, box: Box) {
  const image = await upright(picture);
  const small = await cropped(image, box, { margin: 0.15, side: 96 });
  image.close();
  kept.set(faceId, URL.createObjectURL(small));
  const [oldest] = kept.keys();
  if (kept.size > MOST && oldest) forget(oldest);
}

export function forgetThumbnails() {
  for (const faceId of [...kept.keys()]) forget(faceId);
}

function forget(faceId: string) {
  URL.revokeObjectURL(kept.get(faceId) ?? '');
  kept.delete(faceId);
}
