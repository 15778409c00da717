import { useQuery } from '@tanstack/react-query';
import { formOf, postForm } from '../api/client';
import type { DetectedFace } from '../api/types';
import { useProject } from '../api/useApi';

let pictures = 0;
const numbers = new WeakMap<Blob, number>();

/** A number for a picture, by which answers about it are kept. */
export function numberOf(picture: Blob | undefined): number {
  if (!picture) return 0;
  const known = numbers.get(picture);
  if (known) return known;
  pictures += 1;
  numbers.set(picture, pictures);
  return pictures;
}

/** The faces of a picture, largest first as the service tells them, with attributes by code. */
export function useDetection(picture: Blob | undefined, attributes = '', version: 'v1' | 'v2' = 'v2') {
  const project = useProject();
  return useQuery({
    queryKey: ['detect', project, version, numberOf(picture), attributes],
    enabled: !!picture,
    gcTime: 60_000,
    queryFn: ({ signal }) =>
      postForm<{ faces: DetectedFace[] }>(
        `/${version}/${project}/face-detect`,
        formOf({ image_file: picture, attributes: attributes || undefined }),
        signal,
      ),
    select: (answer) => answer.faces,
  });
}
