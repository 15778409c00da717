/** Conditions on entries of the audit log, as typed; empty ones do not count. Dates are days in UTC, the last one included. */
export interface Conditions {
  text: string;
  actor: string;
  operation: string;
  outcome: string;
  from: string;
  to: string;
}

export const NO_CONDITIONS: Conditions = { text: '', actor: '', operation: '', outcome: '', from: '', to: '' };

export type AuditQuery = Partial<Record<'text' | 'actor' | 'operation' | 'outcome' | 'since' | 'until', string>>;

/** The conditions as parameters of the audit log's routes. */
export function queryOf({ from, to, ...others }: Conditions): AuditQuery {
  const until = to && new Date(Date.parse(`${to}T00:00:00Z`) + 24 * 3600 * 1000).toISOString().slice(0, 10);
  return Object.fromEntries(Object.entries({ ...others, since: from, until }).filter(([, value]) => value.trim()));
}
