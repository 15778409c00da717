import type { HeadPose } from '../api/types';

export interface Axes {
  right: [number, number];
  down: [number, number];
  forward: [number, number];
}

const RADIANS = Math.PI / 180;

/**
 * Axes of a head projected onto the image plane, in unit lengths: x to the right, y down.
 *
 * Positive pitch faces down, positive yaw turns to the left of the image, positive roll tilts clockwise.
 */
export function axesOf(pose: HeadPose): Axes {
  const [pitch, yaw, roll] = [pose.pitch_angle * RADIANS, pose.yaw_angle * RADIANS, pose.roll_angle * RADIANS];
  const turned = ([x, y, z]: [number, number, number]): [number, number] => {
    const [y1, z1] = [y * Math.cos(pitch) + z * Math.sin(pitch), z * Math.cos(pitch) - y * Math.sin(pitch)];
    const x2 = x * Math.cos(yaw) - z1 * Math.sin(yaw);
    return [x2 * Math.cos(roll) - y1 * Math.sin(roll), x2 * Math.sin(roll) + y1 * Math.cos(roll)];
  };
  return { right: turned([1, 0, 0]), down: turned([0, 1, 0]), forward: turned([0, 0, 1]) };
}
