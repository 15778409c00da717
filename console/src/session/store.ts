import { useSyncExternalStore } from 'react';
import { ApiError, errorOf, OfflineError } from '../api/client';

export type Role = 'admin' | 'operator' | 'reader';

/** Who is signed in where. Kept in memory alone: a reload of the page asks again. */
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

interface TokenAnswer {
  token: {
    expires_at: string;
    roles: { name: string }[];
    user: Named & { domain: Named };
    project?: Named & { domain: Named };
  };
}

const NOBODY: Session = {
  state: 'out',
  token: '',
  expiresAt: 0,
  role: 'reader',
  user: { id: '', name: '' },
  domain: { id: '', name: '' },
  project: { id: '', name: '' },
};

let session = NOBODY;
const listeners = new Set<() => void>();
let waiting: { promise: Promise<void>; resolve: () => void; reject: (reason: Error) => void } | undefined;

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

/** Notes that a token is no longer good, unless another one is in use already. */
export function expire(token: string) {
  if (session.state === 'in' && session.token === token) change({ ...session, state: 'expired' });
}

/** Resolves when there is a good token again; rejects when the user signs out instead. */
export function renewed(): Promise<void> {
  if (session.state === 'in') return Promise.resolve();
  if (session.state === 'out') return Promise.reject(new ApiError(401, 'APIG.0301', 'signed out', ''));
  if (!waiting) {
    const parts = Promise.withResolvers<void>();
    waiting = parts;
  }
  return waiting.promise;
}

export async function signIn(given: Credentials) {
  const identity = {
    methods: ['password'],
    password: { user: { name: given.user, password: given.password, domain: { name: given.domain } } },
  };
  const scope = given.project ? { project: { name: given.project } } : undefined;
  const first = await requestToken({ identity, scope });
  await enter(first, given.project);
}

/** Another project of the same user. */
export async function switchProject(projectId: string) {
  const identity = { methods: ['token'], token: { id: session.token } };
  await enter(await requestToken({ identity, scope: { project: { id: projectId } } }), projectId);
}

export async function listProjects(token = session.token): Promise<Named[]> {
  const answer = await reach('/v3/auth/projects', { headers: { 'X-Auth-Token': token } });
  return (await answer.json()).projects;
}

export async function signOut() {
  const { token } = session;
  change(NOBODY);
  waiting?.reject(new ApiError(401, 'APIG.0301', 'signed out', ''));
  waiting = undefined;
  await fetch('/v3/auth/tokens', {
    method: 'DELETE',
    headers: { 'X-Auth-Token': token, 'X-Subject-Token': token },
  }).catch(() => undefined); // it ends by itself
}

async function requestToken(auth: object): Promise<{ text: string; answer: TokenAnswer['token'] }> {
  const answer = await reach('/v3/auth/tokens?nocatalog=1', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ auth }),
  });
  const { token }: TokenAnswer = await answer.json();
  return { text: answer.headers.get('X-Subject-Token') ?? '', answer: token };
}

/** Starts the session; a user who named no project gets the first one. */
async function enter(issued: { text: string; answer: TokenAnswer['token'] }, wanted: string): Promise<void> {
  const { text, answer } = issued;
  if (!answer.project) {
    const [project] = await listProjects(text);
    if (wanted || !project) throw new ApiError(403, 'FRS.0028', 'The user has no such project.', '');
    const identity = { methods: ['token'], token: { id: text } };
    return enter(await requestToken({ identity, scope: { project: { id: project.id } } }), project.id);
  }
  change({
    state: 'in',
    token: text,
    expiresAt: Date.parse(answer.expires_at),
    role: (answer.roles[0]?.name ?? 'reader') as Role,
    user: { id: answer.user.id, name: answer.user.name },
    domain: answer.user.domain,
    project: { id: answer.project.id, name: answer.project.name },
  });
  waiting?.resolve();
  waiting = undefined;
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(path, init).catch(() => {
    throw new OfflineError();
  });
  if (!answer.ok) throw await errorOf(answer);
  return answer;
}

export const may = (role: Role, wanted: Role) => {
  const order: Role[] = ['reader', 'operator', 'admin'];
  return order.indexOf(role) >= order.indexOf(wanted);
};
