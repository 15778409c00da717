import type { Box } from '../api/types';
import { cropped, upright } from './image';

/** URLs of thumbnails by face id, for faces enrolled in this session. They exist only in memory: the service does not store images. */
const thumbnails = new Map<string, string>();
const MAX_THUMBNAILS = 500;

/** URL of a face's thumbnail, if there is one. */
export const thumbnail = (faceId: string) => thumbnails.get(faceId);

/** Create the thumbnail of a face. Beyond the limit the oldest thumbnail is discarded. */
export async function keepThumbnail(faceId: string, image: Blob, box: Box) {
  const bitmap = await upright(image);
  const small = await cropped(bitmap, box, { margin: 0.15, side: 96 });
  bitmap.close();
  thumbnails.set(faceId, URL.createObjectURL(small));
  const [oldest] = thumbnails.keys();
  if (thumbnails.size > MAX_THUMBNAILS && oldest) discard(oldest);
}

/** Discard all thumbnails. */
export function clearThumbnails() {
  for (const faceId of [...thumbnails.keys()]) discard(faceId);
}

function discard(faceId: string) {
  URL.revokeObjectURL(thumbnails.get(faceId) ?? '');
  thumbnails.delete(faceId);
}
