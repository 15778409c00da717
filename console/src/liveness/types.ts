export interface Warning {
  warningCode: number;
  warningMsg: string;
}

export interface SilentAnswer {
  result: { alive: boolean; confidence: number; picture: string };
  'warning-list': Warning[];
}

export interface ActionAnswer {
  'video-result': { alive: boolean; actions: { action: number; confidence: number }[]; picture: string };
  'warning-list': Warning[];
}

/** The codes of the actions that FRS has. */
export const ACTIONS = { 1: 'left', 2: 'right', 3: 'nod', 4: 'mouth', 5: 'blink' } as const;
export type Action = keyof typeof ACTIONS;
