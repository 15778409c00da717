import type { Angle } from './angles';
import type { Action } from './types';

/** Time span of a requested action, in milliseconds from the start of the recording. */
export interface Step {
  action: Action;
  from: number;
  to: number;
}

/** Milliseconds before the first action and after the last. */
const LEAD = 500;
export const MAX_DURATION = 15_000;
const ACTION_DURATION = 3_000;

/** Plan a recording: facing forward first, then each action, within the maximum video length. */
export function planOf(actions: readonly Action[]): Step[] {
  const duration = Math.min(ACTION_DURATION, Math.floor((MAX_DURATION - 2 * LEAD) / Math.max(1, actions.length)));
  return actions.map((action, index) => ({ action, from: LEAD + index * duration, to: LEAD + (index + 1) * duration }));
}

/** Duration of the recording of a plan, in milliseconds. */
export const durationOf = (steps: readonly Step[]) => (steps.at(-1)?.to ?? 0) + LEAD;

/** Format the plan as `action_time`. */
export const timesOf = (steps: readonly Step[]) => steps.map((step) => `${step.from}-${step.to}`).join(',');

/** The step at a time, if any. */
export const stepAt = (steps: readonly Step[], time: number) =>
  steps.find((step) => time >= step.from && time < step.to);

/** How far the head is moved by an action: positive yaw turns to the left side of the image, positive pitch faces down. */
const EXTENTS: Partial<Record<Action, (angle: Angle) => number>> = {
  1: (angle) => Math.abs(angle.yaw),
  2: (angle) => Math.abs(angle.yaw),
  3: (angle) => Math.abs(angle.pitch),
};

/** The measured frame of a step that shows most of its action; for mouth and eyes, the one in the middle of the step. */
export function frameOf(step: Step, angles: readonly Angle[]): Angle | undefined {
  const within = angles.filter((angle) => angle.time >= step.from && angle.time < step.to);
  const middle = (step.from + step.to) / 2;
  const extent = EXTENTS[step.action] ?? ((angle: Angle) => -Math.abs(angle.time - middle));
  return within.toSorted((one, other) => extent(other) - extent(one))[0];
}
