/** Photos by the key that stands for them in the address of a view. They exist only in memory: Back restores them, a reload does not. */
const photos = new Map<string, Blob>();
const MAX_PHOTOS = 20;
let last = 0;

/** Keep a photo; return its key. Beyond the limit the oldest is discarded. */
export function keepPhoto(photo: Blob): string {
  last += 1;
  photos.set(String(last), photo);
  const [oldest] = photos.keys();
  if (photos.size > MAX_PHOTOS && oldest) photos.delete(oldest);
  return String(last);
}

/** The photo of a key, if it is kept. */
export const photoOf = (key: string) => photos.get(key);

/** Discard all photos. */
export const clearPhotos = () => photos.clear();
