import { formOf, postForm } from '../api/client';
import { ApiError } from '../api/errors';

/**
 * Least similarity of a photo's main face to that of the same file. Copies that were scaled, mirrored or compressed again stay
 * below it, as do other photos of the person.
 */
const SAME_FILE = 0.9999;

/** Code of the error for a photo without a face. */
const NO_FACE = 'FRS.0304';

/** The photo has been added before. */
export class KnownPhoto extends Error {}

/** SHA-256 of a file, hexadecimal; undefined on pages without a secure context, where browsers offer no hashes. */
export async function contentHash(file: Blob): Promise<string | undefined> {
  const digest = await globalThis.crypto.subtle?.digest('SHA-256', await file.arrayBuffer());
  return digest && [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Whether the face set that `path` leads to has the main face of this very photo. */
export async function isEnrolled(photo: Blob, path: string, signal: AbortSignal): Promise<boolean> {
  const form = formOf({ top_n: 1, threshold: SAME_FILE, image_file: photo });
  try {
    const { faces } = await postForm<{ faces: unknown[] }>(`${path.replace(/\/faces$/, '')}/search`, form, signal);
    return faces.length > 0;
  } catch (error) {
    if (error instanceof ApiError && error.code === NO_FACE) return false;
    throw error;
  }
}

/** Photos of one upload queue by their content. */
export class SeenPhotos {
  private readonly hashes = new Map<string, number>();

  /** Remember the photo of an upload; throws `KnownPhoto` if another upload has the same one. */
  async claim(upload: number, photo: Blob): Promise<void> {
    const hash = await contentHash(photo);
    if (hash === undefined) return;
    const owner = this.hashes.get(hash);
    if (owner !== undefined && owner !== upload) throw new KnownPhoto();
    this.hashes.set(hash, upload);
  }

  /** Forget the photo of an upload that was rejected. */
  release(upload: number): void {
    for (const [hash, owner] of this.hashes) if (owner === upload) this.hashes.delete(hash);
  }
}
