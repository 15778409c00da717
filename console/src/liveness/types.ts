export interface Warning {
  warningCode: number;
  warningMsg: string;
}

export interface SilentResponse {
  result: { alive: boolean; confidence: number; picture: string };
  'warning-list': Warning[];
}

export interface ActionResponse {
  'video-result': { alive: boolean; actions: { action: number; confidence: number }[]; picture: string };
  'warning-list': Warning[];
}

/** FRS action codes. */
export const ACTIONS = { 1: 'left', 2: 'right', 3: 'nod', 4: 'mouth', 5: 'blink' } as const;
export type Action = keyof typeof ACTIONS;
