import { formOf, postForm } from '../api/client';
import type { DetectedFace } from '../api/types';
import { captureFrame } from '../images/image';

/** Head angles in degrees at a time in milliseconds. */
export interface Angle {
  time: number;
  yaw: number;
  pitch: number;
  /** The frame, as a data URL. */
  image: string;
}

/** Seconds between measurements. */
const INTERVAL = 0.5;
const HEAD_POSE = '0';

/** Measure head angles twice per second of a recording: the liveness response has none, so frames are sent to detection. */
export async function anglesOf(recorded: Blob, project: string): Promise<Angle[]> {
  const video = document.createElement('video');
  video.muted = true;
  video.src = URL.createObjectURL(recorded);
  try {
    await once(video, 'loadeddata');
    const duration = await durationOf(video);
    const angles: Angle[] = [];
    for (let at = 0; at < duration; at += INTERVAL) {
      video.currentTime = at;
      await once(video, 'seeked');
      const pose = await poseOf(video, project);
      if (pose) angles.push({ time: at * 1000, ...pose, image: thumbnailOf(video) });
    }
    return angles;
  } finally {
    URL.revokeObjectURL(video.src);
  }
}

const once = (video: HTMLVideoElement, event: string) =>
  new Promise((resolve, reject) => {
    video.addEventListener(event, resolve, { once: true });
    video.addEventListener('error', () => reject(new Error('the recording cannot be played')), { once: true });
  });

/** Return a recording's duration; browsers may report it only after seeking to the end. */
async function durationOf(video: HTMLVideoElement): Promise<number> {
  if (Number.isFinite(video.duration)) return video.duration;
  video.currentTime = 1e6;
  await once(video, 'seeked');
  return video.currentTime;
}

async function poseOf(video: HTMLVideoElement, project: string) {
  const form = formOf({ image_file: await captureFrame(video), attributes: HEAD_POSE });
  const { faces } = await postForm<{ faces: DetectedFace[] }>(`/v1/${project}/face-detect`, form);
  const pose = faces[0]?.attributes?.headpose;
  return pose && { yaw: pose.yaw_angle, pitch: pose.pitch_angle };
}

const THUMBNAIL = 128;

/** The current frame of a video, small and mirrored like the preview. */
function thumbnailOf(video: HTMLVideoElement): string {
  const canvas = document.createElement('canvas');
  canvas.height = THUMBNAIL;
  canvas.width = Math.round((THUMBNAIL * video.videoWidth) / video.videoHeight);
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.translate(canvas.width, 0);
  context.scale(-1, 1);
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/jpeg', 0.8);
}
