import { useQuery } from '@tanstack/react-query';
import { formOf, postForm } from '../api/client';
import type { DetectedFace } from '../api/types';
import { useProject } from '../api/useApi';

let images = 0;
const numbers = new WeakMap<Blob, number>();

/** Number an image, as the cache key of its responses. */
export function numberOf(image: Blob | undefined): number {
  if (!image) return 0;
  const known = numbers.get(image);
  if (known) return known;
  images += 1;
  numbers.set(image, images);
  return images;
}

/** Detect the faces of an image, largest first, with attributes by code. */
export function useDetection(image: Blob | undefined, attributes = '', version: 'v1' | 'v2' = 'v2') {
  const project = useProject();
  return useQuery({
    queryKey: ['detect', project, version, numberOf(image), attributes],
    enabled: !!image,
    gcTime: 60_000,
    queryFn: ({ signal }) =>
      postForm<{ faces: DetectedFace[] }>(
        `/${version}/${project}/face-detect`,
        formOf({ image_file: image, attributes: attributes || undefined }),
        signal,
      ),
    select: (answer) => answer.faces,
  });
}
