import createClient from 'openapi-fetch';
import { currentSession, expire, renewed } from '../session/store';
import { type ApiError, errorOf, OfflineError } from './errors';
import { reportAway } from './reachability';
import type { paths } from './schema';

/** Error codes of an expired or revoked token. */
const EXPIRED = new Set(['APIG.0301', 'FRS.0002']);

/** Send a request; throws `OfflineError` if the service is unreachable. */
async function sendRequest(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    reportAway();
    throw new OfflineError();
  }
}

/** True if a reverse proxy answered in place of the service, or the service is still starting. */
const isStarting = ({ status, code }: ApiError) =>
  code === '502' || code === '503' || code === '504' || (status === 503 && code === 'APIG.0201');

/** Send a request with the session's token. If the token has expired, wait for a new one and retry. */
export async function authorizedFetch(request: Request): Promise<Response> {
  for (;;) {
    const session = currentSession();
    const attempt = request.clone();
    attempt.headers.set('X-Auth-Token', session.token);
    const response = await sendRequest(attempt);
    if (response.ok) return response;
    const error = await errorOf(response);
    if (isStarting(error)) {
      reportAway();
      throw new OfflineError();
    }
    if (!EXPIRED.has(error.code)) throw error;
    expire(session.token);
    await renewed();
  }
}

/** API client, typed from the OpenAPI document. Error responses are thrown. */
export const api = createClient<paths>({ baseUrl: globalThis.location?.origin, fetch: authorizedFetch });

/** Return the data of a response; error responses have been thrown already. */
export async function data<T>(response: Promise<{ data?: T }>): Promise<T> {
  return (await response).data as T;
}

/** Post a form with images; the generated client would send JSON. */
export async function postForm<T>(path: string, form: FormData, signal?: AbortSignal): Promise<T> {
  const request = new Request(`${window.location.origin}${path}`, { method: 'POST', body: form, signal });
  return (await authorizedFetch(request)).json();
}

/** Create a form; undefined fields are omitted. */
export function formOf(fields: Record<string, Blob | string | number | boolean | undefined>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Blob) form.append(name, value, 'image');
    else if (value !== undefined) form.append(name, String(value));
  }
  return form;
}
