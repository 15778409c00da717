import { useQuery } from '@tanstack/react-query';
import { formOf, postForm } from '../api/client';
import type { DetectedFace } from '../api/types';
import { useProjectId } from '../api/useApi';

let imageCount = 0;
const numbers = new WeakMap<Blob, number>();

/** Number of an image, used as the cache key of its responses; 0 without an image. */
export function imageKey(image: Blob | undefined): number {
  if (!image) return 0;
  const known = numbers.get(image);
  if (known) return known;
  imageCount += 1;
  numbers.set(image, imageCount);
  return imageCount;
}

/** Detect the faces of an image, largest first, with attributes by code. */
export function useDetection(image: Blob | undefined, attributes = '', version: 'v1' | 'v2' = 'v2') {
  const project = useProjectId();
  return useQuery({
    queryKey: ['detect', project, version, imageKey(image), attributes],
    enabled: !!image,
    gcTime: 60_000,
    queryFn: ({ signal }) =>
      postForm<{ faces: DetectedFace[] }>(
        `/${version}/${project}/face-detect`,
        formOf({ image_file: image, attributes: attributes || undefined }),
        signal,
      ),
    select: (response) => response.faces,
  });
}
