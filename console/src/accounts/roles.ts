/** Roles on a project, each with the rights of the following ones. */
export const ROLES = ['admin', 'operator', 'reader'] as const;
export type Role = (typeof ROLES)[number];
