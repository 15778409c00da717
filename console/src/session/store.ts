import { useSyncExternalStore } from 'react';
import { ApiError, errorOf, OfflineError } from '../api/errors';

export type Role = 'admin' | 'operator' | 'reader';

/** The signed-in user and project. Kept in memory only: reloading the page requires a new sign-in. */
export interface Session {
  state: 'out' | 'in' | 'expired';
  token: string;
  expiresAt: number;
  role: Role;
  user: { id: string; name: string };
  domain: { id: string; name: string };
  project: { id: string; name: string };
}

export interface Credentials {
  domain: string;
  user: string;
  password: string;
  project: string;
}

interface Named {
  id: string;
  name: string;
}

interface TokenResponse {
  token: {
    expires_at: string;
    roles: { name: string }[];
    user: Named & { domain: Named };
    project?: Named & { domain: Named };
  };
}

const SIGNED_OUT: Session = {
  state: 'out',
  token: '',
  expiresAt: 0,
  role: 'reader',
  user: { id: '', name: '' },
  domain: { id: '', name: '' },
  project: { id: '', name: '' },
};

let session = SIGNED_OUT;
const listeners = new Set<() => void>();
let renewal: { promise: Promise<void>; resolve: () => void; reject: (reason: Error) => void } | undefined;

function change(next: Session) {
  session = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const currentSession = () => session;
export const useSession = () => useSyncExternalStore(subscribe, currentSession);

/** Mark a token as expired, unless a newer one is in use. */
export function expire(token: string) {
  if (session.state === 'in' && session.token === token) change({ ...session, state: 'expired' });
}

/** Resolve when the session has a valid token again; reject if the user signs out. */
export function renewed(): Promise<void> {
  if (session.state === 'in') return Promise.resolve();
  if (session.state === 'out') return Promise.reject(new ApiError(401, 'APIG.0301', 'signed out', ''));
  renewal ??= Promise.withResolvers<void>();
  return renewal.promise;
}

/** Sign in with a password. Without a project name, the user's first project is used. */
export async function signIn(credentials: Credentials) {
  const identity = {
    methods: ['password'],
    password: {
      user: { name: credentials.user, password: credentials.password, domain: { name: credentials.domain } },
    },
  };
  const scope = credentials.project ? { project: { name: credentials.project } } : undefined;
  const first = await requestToken({ identity, scope });
  await startSession(first, credentials.project);
}

/** Switch to another project of the same user. */
export async function switchProject(projectId: string) {
  const identity = { methods: ['token'], token: { id: session.token } };
  await startSession(await requestToken({ identity, scope: { project: { id: projectId } } }), projectId);
}

/** List the projects of the user. */
export async function listProjects(token = session.token): Promise<Named[]> {
  const response = await sendRequest('/v3/auth/projects', { headers: { 'X-Auth-Token': token } });
  return (await response.json()).projects;
}

/** End the session and revoke its token. */
export async function signOut() {
  const { token } = session;
  change(SIGNED_OUT);
  renewal?.reject(new ApiError(401, 'APIG.0301', 'signed out', ''));
  renewal = undefined;
  await fetch('/v3/auth/tokens', {
    method: 'DELETE',
    headers: { 'X-Auth-Token': token, 'X-Subject-Token': token },
  }).catch(() => undefined); // the token expires on its own
}

async function requestToken(auth: object): Promise<{ text: string; response: TokenResponse['token'] }> {
  const response = await sendRequest('/v3/auth/tokens?nocatalog=1', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ auth }),
  });
  const { token }: TokenResponse = await response.json();
  return { text: response.headers.get('X-Subject-Token') ?? '', response: token };
}

/** Start the session of a token, in the user's first project if no project was requested. */
async function startSession(
  issued: { text: string; response: TokenResponse['token'] },
  requestedProject: string,
): Promise<void> {
  const { text, response } = issued;
  if (!response.project) {
    const [project] = await listProjects(text);
    if (requestedProject || !project) throw new ApiError(403, 'FRS.0028', 'The user has no such project.', '');
    const identity = { methods: ['token'], token: { id: text } };
    return startSession(await requestToken({ identity, scope: { project: { id: project.id } } }), project.id);
  }
  change({
    state: 'in',
    token: text,
    expiresAt: Date.parse(response.expires_at),
    role: (response.roles[0]?.name ?? 'reader') as Role,
    user: { id: response.user.id, name: response.user.name },
    domain: response.user.domain,
    project: { id: response.project.id, name: response.project.name },
  });
  renewal?.resolve();
  renewal = undefined;
}

/** Send a request without a session; throws `OfflineError` if the service is unreachable. */
async function sendRequest(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(path, init).catch(() => {
    throw new OfflineError();
  });
  if (!response.ok) throw await errorOf(response);
  return response;
}

/** True if a role includes the rights of another. */
export const hasRole = (role: Role, required: Role) => {
  const order: Role[] = ['reader', 'operator', 'admin'];
  return order.indexOf(role) >= order.indexOf(required);
};
