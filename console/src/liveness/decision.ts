import { api, data, formOf, postForm } from '../api/client';
import type { SilentResponse } from './types';

/** Photos that the camera takes for one decision. */
export const SHOTS = 5;

/** The decision on one or several photos. */
export interface Silence {
  alive: boolean;
  confidence: number;
  /** Confidence of each of several photos. */
  confidences: number[];
  samePerson: boolean;
  warnings: number[];
  /** The evaluated image of one photo, in base64. */
  image?: string;
}

/** Decide whether photos of one person show a live one. */
export async function silentLiveness(photos: Blob[], project_id: string): Promise<Silence> {
  const [photo] = photos;
  if (photos.length > 1) {
    const body = { images_base64: await Promise.all(photos.map(base64Of)) };
    const { same_person: samePerson, ...decision } = await data(
      api.POST('/x/v1/{project_id}/silent-liveness', { params: { path: { project_id } }, body }),
    );
    return { ...decision, samePerson, warnings: [] };
  }
  const path = `/v1/${project_id}/live-detect-face`;
  const { result, ...rest } = await postForm<SilentResponse>(path, formOf({ image_file: photo }));
  const warnings = rest['warning-list'].map((each) => each.warningCode);
  const { alive, confidence, picture: image } = result;
  return { alive, confidence, confidences: [], samePerson: true, warnings, image };
}

/** Encode a file in base64. */
function base64Of(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^.*,/, ''));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
