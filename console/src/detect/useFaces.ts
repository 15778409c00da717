import { useQuery } from '@tanstack/react-query';
import type { Box, DetectedFace } from '../api/types';
import { cropped, surroundings, upright } from '../images/image';
import { imageKey, useDetection } from '../search/useDetection';

/** Attribute codes of both versions of the API. */
const CODES = '1,2,4,6,7,8,12,13,21';
const V1_CODES = '0,3,5';

/** With more faces than this, only the chosen face is described: all of them take the service long. */
export const MAX_DESCRIBED = 8;

/** Least side of the crop of a face, in pixels. */
const MIN_CROP = 256;

/** Margin of the crop of a face, in widths of its box. */
export const marginOf = (box: Box) => Math.max(1, (MIN_CROP / Math.min(box.width, box.height) - 1) / 2);

interface Crop {
  image: Blob;
  /** Position in the whole image, in pixels. */
  left: number;
  top: number;
}

/** Faces of an image: first all boxes, then attributes; those of a crowd only for the chosen face. */
export function useFaces(image: Blob | undefined, chosen: number) {
  const detection = useDetection(image);
  const boxes = (detection.data ?? []).map((face) => face.bounding_box);
  const crowd = boxes.length > MAX_DESCRIBED;
  const box = boxes[chosen];
  const crop = useQuery({
    queryKey: ['crop', imageKey(image), chosen],
    enabled: crowd && !!box,
    gcTime: 60_000,
    queryFn: () => cropOf(image as Blob, boxes, chosen),
  });
  const described = crowd ? crop.data?.image : boxes.length ? image : undefined;
  const v2 = useDetection(described, CODES);
  const v1 = useDetection(described, V1_CODES, 'v1');
  const [left, top] = crowd && crop.data ? [crop.data.left, crop.data.top] : [0, 0];
  const index = crowd ? 0 : chosen;
  return {
    boxes,
    crowd,
    /** Attributes of the chosen face, as far as they are known. */
    attributes: box && { ...v2.data?.[index]?.attributes, ...v1.data?.[index]?.attributes },
    /** Faces with landmarks and head poses, and where they are in the image. */
    drawn: (crowd ? (v1.data ?? []).slice(0, 1) : (v1.data ?? [])) as DetectedFace[],
    left,
    top,
    /** The requests for attributes, in both versions of the API. */
    requests: [
      {
        path: '/v2/{project_id}/face-detect',
        fields: { image_file: described, attributes: CODES },
        response: v2.data && { faces: v2.data },
      },
      {
        path: '/v1/{project_id}/face-detect',
        fields: { image_file: described, attributes: V1_CODES },
        response: v1.data && { faces: v1.data },
      },
    ],
    isDetecting: detection.isFetching,
    isDescribing: crop.isFetching || v2.isFetching || v1.isFetching,
    isDetected: detection.isSuccess,
    error: detection.error ?? crop.error ?? v2.error ?? v1.error,
  };
}

async function cropOf(image: Blob, boxes: Box[], chosen: number): Promise<Crop> {
  const box = boxes[chosen] as Box;
  const bitmap = await upright(image);
  try {
    const margin = marginOf(box);
    const { top_left_x: left, top_left_y: top } = surroundings(bitmap, box, margin);
    const others = boxes.filter((each) => each !== box);
    return { image: await cropped(bitmap, box, { margin, others }), left, top };
  } finally {
    bitmap.close();
  }
}
