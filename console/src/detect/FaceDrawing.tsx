import type { Box, HeadPose, Landmark } from '../api/types';
import { axesOf } from './axes';

const COLOURS = { right: '#ff6b6b', down: '#51cf66', forward: '#4dabf7' } as const;

/** Landmarks of a face, drawn as points. */
export function Landmarks({ landmark, size }: { landmark: Landmark; size: number }) {
  return (
    <g fill="#ffe066" pointerEvents="none" data-testid="landmarks">
      {Object.entries(landmark).flatMap(([name, contour]) =>
        contour.point.map((point: { x: number; y: number }, index: number) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a point is identified only by its index
          <circle key={`${name}${index}`} cx={point.x} cy={point.y} r={size} />
        )),
      )}
    </g>
  );
}

/** Head pose axes: red sideways, green down, blue forward. */
export function PoseAxes({ box, pose }: { box: Box; pose: HeadPose }) {
  const [x, y] = [box.top_left_x + box.width / 2, box.top_left_y + box.height / 2];
  const length = box.width * 0.6;
  return (
    <g pointerEvents="none" strokeWidth={3} data-testid="pose">
      {Object.entries(axesOf(pose)).map(([name, [dx, dy]]) => (
        <line
          key={name}
          x1={x}
          y1={y}
          x2={x + dx * length}
          y2={y + dy * length}
          stroke={COLOURS[name as keyof typeof COLOURS]}
          vectorEffect="non-scaling-stroke"
        />
      ))}
    </g>
  );
}
