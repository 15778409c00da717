import { formOf, postForm } from '../api/client';
import type { Candidate, Identified } from '../api/types';

/** Candidates of each face. */
const TOP_N = 3;

export interface Identification {
  image: Blob;
  faces: Identified[];
  threshold: number;
}

/** Search a face set for every face of an image. */
export async function identify(
  project: string,
  set: string,
  image: Blob,
  threshold: number,
  signal?: AbortSignal,
): Promise<Identification> {
  const { faces } = await postForm<{ faces: Identified[] }>(
    `/x/v1/${project}/face-sets/${encodeURIComponent(set)}/identify`,
    formOf({ image_file: image, top_n: TOP_N, threshold }),
    signal,
  );
  return { image, faces, threshold };
}

/** Name of an enrolled person: the custom field `name` if it has one, else the external image id. */
export function nameOf({ external_fields: fields, external_image_id: id }: Candidate): string {
  return typeof fields.name === 'string' && fields.name ? fields.name : id;
}
