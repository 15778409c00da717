import type { Box } from '../api/types';

/** Decode an image and apply its EXIF orientation, as the service does. */
export const upright = (image: Blob) => createImageBitmap(image, { imageOrientation: 'from-image' });

/** The part of an image around a face: its box and a margin, in widths and heights of the box. */
export function surroundings(image: { width: number; height: number }, box: Box, margin: number): Box {
  const left = Math.max(0, box.top_left_x - box.width * margin);
  const top = Math.max(0, box.top_left_y - box.height * margin);
  return {
    top_left_x: left,
    top_left_y: top,
    width: Math.min(image.width, box.top_left_x + box.width * (1 + margin)) - left,
    height: Math.min(image.height, box.top_left_y + box.height * (1 + margin)) - top,
  };
}

/** Crop a face with a margin, as JPEG; `others` are painted over so that only one face is detected. */
export async function cropped(
  bitmap: ImageBitmap,
  box: Box,
  { margin, side, others = [] }: { margin: number; side?: number; others?: Box[] },
): Promise<Blob> {
  const { top_left_x: left, top_left_y: top, width, height } = surroundings(bitmap, box, margin);
  const scale = side ? Math.min(1, side / Math.max(width, height)) : 1;
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.drawImage(bitmap, left, top, width, height, 0, 0, canvas.width, canvas.height);
  context.fillStyle = '#808080';
  for (const other of others) {
    if (overlap(other, box)) continue;
    context.fillRect(
      (other.top_left_x - left) * scale,
      (other.top_left_y - top) * scale,
      other.width * scale,
      other.height * scale,
    );
  }
  return blobOf(canvas, 0.95);
}

/** True if two boxes overlap. */
export const overlap = (one: Box, other: Box) =>
  one.top_left_x < other.top_left_x + other.width &&
  other.top_left_x < one.top_left_x + one.width &&
  one.top_left_y < other.top_left_y + other.height &&
  other.top_left_y < one.top_left_y + one.height;

export const area = (box: Box) => box.width * box.height;

/** Capture the current frame of a video as JPEG, reduced to a longest side in pixels. */
export function captureFrame(video: HTMLVideoElement, quality?: number, side?: number): Promise<Blob> {
  const { videoWidth: width, videoHeight: height } = video;
  const scale = side ? Math.min(1, side / Math.max(width, height)) : 1;
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext('2d')?.drawImage(video, 0, 0, canvas.width, canvas.height);
  return blobOf(canvas, quality);
}

const INTERVAL = 250;
const BURST_SIDE = 1280;

/** Capture frames of a video a quarter of a second apart, small enough to be sent together. */
export async function captureFrames(video: HTMLVideoElement, count: number): Promise<Blob[]> {
  const frames: Blob[] = [];
  while (frames.length < count) {
    if (frames.length) await new Promise((resolve) => setTimeout(resolve, INTERVAL));
    frames.push(await captureFrame(video, 0.95, BURST_SIDE));
  }
  return frames;
}

/** Encode a canvas as JPEG. */
export function blobOf(canvas: HTMLCanvasElement, quality = 0.92): Promise<Blob> {
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no image'))), 'image/jpeg', quality),
  );
}
