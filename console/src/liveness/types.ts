import { useTranslation } from 'react-i18next';

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

/** Name of an action by its code, in the language of the user. */
export function useActionName() {
  const { t } = useTranslation();
  return (action: number) => t(`liveness.actions.${ACTIONS[action as Action] ?? 'unknown'}`);
}
