import type { Action } from './types';

/** When an action is asked for, in milliseconds from the start of the recording. */
export interface Step {
  action: Action;
  from: number;
  to: number;
}

export const LEAD = 500;
export const LONGEST = 15_000;
const EACH = 3_000;

/** The steps of a recording: a moment to look ahead, then each action for as long as fits the longest video. */
export function planOf(actions: readonly Action[]): Step[] {
  const each = Math.min(EACH, Math.floor((LONGEST - 2 * LEAD) / Math.max(1, actions.length)));
  return actions.map((action, place) => ({ action, from: LEAD + place * each, to: LEAD + (place + 1) * each }));
}

/** What goes into `action_time`. */
export const timesOf = (steps: readonly Step[]) => steps.map((step) => `${step.from}-${step.to}`).join(',');

/** What is on the screen at a time: a step, or none before the first and after the last. */
export const stepAt = (steps: readonly Step[], time: number) =>
  steps.find((step) => time >= step.from && time < step.to);
