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
