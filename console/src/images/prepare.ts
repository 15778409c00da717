import { blobOf, upright } from './image';

/** Formats that the service decodes. */
const DECODED = new Set(['image/jpeg', 'image/png', 'image/bmp']);

/** Formats to offer in file dialogs; WebP is converted in the browser. Without HEIC, iOS converts photos to JPEG itself. */
export const ACCEPT = [...DECODED, 'image/webp'].join(',');

const MAX_BYTES = 8 * 1024 * 1024;
const MAX_SIDE = 4096;
const QUALITIES = [0.95, 0.8, 0.6];

/** Neither the service nor this browser can decode the photo. */
export class UnreadablePhoto extends Error {
  constructor() {
    super('unreadable photo');
  }
}

/** Factor by which an image must be scaled to be within the service's limit. */
export const scaleOf = (width: number, height: number) => Math.min(1, MAX_SIDE / Math.max(width, height));

/** Return a photo as the service takes it: unchanged if it can be, else scaled and encoded as JPEG. Throws `UnreadablePhoto`. */
export async function prepared(photo: Blob): Promise<Blob> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await upright(photo);
  } catch {
    if (DECODED.has(photo.type)) return photo; // the service says what is wrong with it
    throw new UnreadablePhoto();
  }
  try {
    const scale = scaleOf(bitmap.width, bitmap.height);
    if (DECODED.has(photo.type) && photo.size <= MAX_BYTES && scale === 1) return photo;
    return await encoded(bitmap, scale);
  } finally {
    bitmap.close();
  }
}

async function encoded(bitmap: ImageBitmap, scale: number): Promise<Blob> {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.fillStyle = '#ffffff'; // JPEG has no transparency
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  let result = await blobOf(canvas, QUALITIES[0]);
  for (const quality of QUALITIES.slice(1)) if (result.size > MAX_BYTES) result = await blobOf(canvas, quality);
  return result;
}
