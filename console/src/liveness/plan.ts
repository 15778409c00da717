import type { Action } from './types';

/** Time span of a requested action, in milliseconds from the start of the recording. */
export interface Step {
  action: Action;
  from: number;
  to: number;
}

export const LEAD = 500;
export const LONGEST = 15_000;
const EACH = 3_000;

/** Plan a recording: facing forward first, then each action, within the maximum video length. */
export function planOf(actions: readonly Action[]): Step[] {
  const each = Math.min(EACH, Math.floor((LONGEST - 2 * LEAD) / Math.max(1, actions.length)));
  return actions.map((action, place) => ({ action, from: LEAD + place * each, to: LEAD + (place + 1) * each }));
}

/** Format the plan as `action_time`. */
export const timesOf = (steps: readonly Step[]) => steps.map((step) => `${step.from}-${step.to}`).join(',');

/** The step at a time, if any. */
export const stepAt = (steps: readonly Step[], time: number) =>
  steps.find((step) => time >= step.from && time < step.to);
