import { ApiError, retryDelay, wait } from '../api/errors';

/** Code of the error for a face that no longer exists. */
const GONE = 'FRS.0401';

/** Ids of the faces that a deletion has dealt with. */
export interface Deleted {
  deleted: readonly string[];
  /** Had been deleted by somebody else. */
  gone: readonly string[];
}

/**
 * Delete faces one after another, at the pace that the service allows; faces that no longer exist are skipped.
 * `onProgress` receives the result so far after each face. Other errors end the deletion and are thrown.
 */
export async function deleteFaces(
  ids: readonly string[],
  remove: (id: string) => Promise<unknown>,
  onProgress: (result: Deleted) => void,
  signal: AbortSignal,
): Promise<void> {
  let result: Deleted = { deleted: [], gone: [] };
  for (const id of ids) {
    const removed = await removeOne(id, remove, signal);
    if (removed === undefined) return;
    result = removed ? { ...result, deleted: [...result.deleted, id] } : { ...result, gone: [...result.gone, id] };
    onProgress(result);
  }
}

/** Return whether the face existed; undefined if the deletion was stopped before. */
async function removeOne(id: string, remove: (id: string) => Promise<unknown>, signal: AbortSignal) {
  while (!signal.aborted) {
    try {
      await remove(id);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.code === GONE) return false;
      const seconds = retryDelay(error);
      if (seconds === undefined) throw error;
      await wait(seconds);
    }
  }
  return undefined;
}
