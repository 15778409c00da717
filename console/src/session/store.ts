import { useSyncExternalStore } from 'react';
import { ApiError, errorOf, OfflineError } from '../api/errors';
import { reportAway, whenBack } from '../api/reachability';

export type Role = 'admin' | 'operator' | 'reader';

/** The signed-in user and project. The token is in memory only; after a reload the page gets a new one by the session's cookie. */
export interface Session {
  state: 'starting' | 'out' | 'in' | 'expired';
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

/** Path of the session's cookie, which no script can read. */
const SESSION = '/x/v1/console-session';
const SESSION_HEADERS = { 'X-OpenFRS-Console': '1' };

/** Where the sign-in with an identity provider begins, if the server has one. */
export const OPENID = `${SESSION}/openid`;

/** Return true if the server has an identity provider. */
export async function offersOpenId(): Promise<boolean> {
  const response = await fetch(`${OPENID}/available`);
  return response.ok && (await response.json()).openid === true;
}

/** Return true if the identity provider sent the browser back and the server refused the sign-in. */
export function wasRefused(): boolean {
  return new URLSearchParams(window.location.search).get('sign-in') === 'refused';
}

/** Name under which a tab, and the browser for new tabs, keeps the id of the project. */
const PROJECT = 'openfrs-project';

/** Tells the other tabs that a session has begun or ended. */
const tabs = new BroadcastChannel('openfrs-session');

let session: Session = { ...SIGNED_OUT, state: 'starting' };
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

/** Resume the session of the cookie, if there is one. While the service is away, wait for it. */
export async function resume(): Promise<void> {
  const project = sessionStorage.getItem(PROJECT) ?? localStorage.getItem(PROJECT) ?? '';
  try {
    const path = `${SESSION}?project_id=${encodeURIComponent(project)}`;
    const response = await sendRequest(path, { headers: SESSION_HEADERS });
    if (response.status === 200) return await startSession(await issuedBy(response), '');
  } catch (error) {
    if (error instanceof OfflineError || (error instanceof ApiError && error.status >= 500)) {
      reportAway();
      await whenBack();
      return resume();
    }
  }
  if (session.state === 'starting') change(SIGNED_OUT);
}

tabs.onmessage = ({ data }) => {
  if (data === 'begun' && session.state !== 'in') void resume();
  if (data === 'ended' && session.state !== 'out') leave();
};

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
  const headers = { ...SESSION_HEADERS, 'X-Auth-Token': session.token };
  await fetch(SESSION, { method: 'POST', headers }).catch(() => undefined); // else the session ends with the page
  tabs.postMessage('begun');
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

/** End the session in all tabs and on the server, which revokes its tokens. */
export async function signOut() {
  const { token } = session;
  leave();
  tabs.postMessage('ended');
  const headers = { 'X-Auth-Token': token, 'X-Subject-Token': token };
  await fetch('/v3/auth/tokens', { method: 'DELETE', headers }).catch(() => undefined); // the token expires on its own
  await fetch(SESSION, { method: 'DELETE', headers: SESSION_HEADERS }).catch(() => undefined);
}

function leave() {
  sessionStorage.removeItem(PROJECT);
  localStorage.removeItem(PROJECT);
  change(SIGNED_OUT);
  renewal?.reject(new ApiError(401, 'APIG.0301', 'signed out', ''));
  renewal = undefined;
}

interface Issued {
  text: string;
  response: TokenResponse['token'];
}

async function requestToken(auth: object): Promise<Issued> {
  const response = await sendRequest('/v3/auth/tokens?nocatalog=1', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ auth }),
  });
  return issuedBy(response);
}

async function issuedBy(response: Response): Promise<Issued> {
  const { token }: TokenResponse = await response.json();
  return { text: response.headers.get('X-Subject-Token') ?? '', response: token };
}

/** Start the session of a token, in the user's first project if no project was requested. */
async function startSession({ text, response }: Issued, requestedProject: string): Promise<void> {
  if (!response.project) {
    const [project] = await listProjects(text);
    if (requestedProject || !project) throw new ApiError(403, 'FRS.0028', 'The user has no such project.', '');
    const identity = { methods: ['token'], token: { id: text } };
    return startSession(await requestToken({ identity, scope: { project: { id: project.id } } }), project.id);
  }
  sessionStorage.setItem(PROJECT, response.project.id);
  localStorage.setItem(PROJECT, response.project.id);
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
