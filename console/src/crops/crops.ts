import { authorizedFetch } from '../api/client';
import { retryDelay, wait } from '../api/errors';

const MAX_CROPS = 300;
const MAX_CONCURRENT = 4;

/** URLs of crops by the path of the request. They exist only in memory and are revoked when they are discarded. */
const urls = new Map<string, Promise<string>>();
const waiting: (() => void)[] = [];
let running = 0;

/** Path of the crop of a face. */
export const cropPath = (project: string, set: string, faceId: string) =>
  `/x/v1/${project}/face-sets/${encodeURIComponent(set)}/faces/${faceId}/crop`;

/** Load the crop of a face; resolves to an empty URL if it has none. */
export function cropUrl(path: string, load = fetchCrop): Promise<string> {
  const known = urls.get(path);
  urls.delete(path);
  const url = known ?? inTurn(() => load(path)).catch(() => '');
  urls.set(path, url);
  const [oldest] = urls.keys();
  if (urls.size > MAX_CROPS && oldest) discard(oldest);
  return url;
}

/** Discard all crops. */
export function clearCrops() {
  for (const path of [...urls.keys()]) discard(path);
}

function discard(path: string) {
  void urls.get(path)?.then((url) => url && URL.revokeObjectURL(url));
  urls.delete(path);
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= MAX_CONCURRENT) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

/** Fetch a crop with the session's token, at the pace that the service allows. */
async function fetchCrop(path: string): Promise<string> {
  for (;;) {
    try {
      const response = await authorizedFetch(new Request(`${window.location.origin}${path}`));
      return URL.createObjectURL(await response.blob());
    } catch (error) {
      const seconds = retryDelay(error);
      if (seconds === undefined) throw error;
      await wait(seconds);
    }
  }
}
