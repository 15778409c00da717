import type { Box } from '../api/types';
import { cropped, upright } from './image';

/** Thumbnails of faces enrolled in this session. The service stores none; they stay in memory until the page closes. */
const kept = new Map<string, string>();
const MOST = 500;

export const thumbnail = (faceId: string) => kept.get(faceId);

export async function keepThumbnail(faceId: string, image: Blob, box: Box) {
  const bitmap = await upright(image);
  const small = await cropped(bitmap, box, { margin: 0.15, side: 96 });
  bitmap.close();
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
