import createClient from 'openapi-fetch';
import { currentSession, expire, renewed } from '../session/store';
import type { paths } from './schema';

/** What the service refused, with its code and the id of the request. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId: string,
    readonly retryAfter = 0,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** The service could not be reached at all. */
export class OfflineError extends Error {
  constructor() {
    super('offline');
    this.name = 'OfflineError';
  }
}

/** Codes of a token that is no longer good. */
const EXPIRED = new Set(['APIG.0307', 'APIG.0301', 'FRS.0002']);

/** The error that an answer tells, in any of the service's three envelopes. */
export async function errorOf(answer: Response): Promise<ApiError> {
  const body = await answer.json().catch(() => ({}));
  const code = body.error_code ?? body.error?.title ?? String(answer.status);
  const message = body.error_msg ?? body.error?.message ?? answer.statusText;
  const retryAfter = Number(answer.headers.get('Retry-After') ?? 0) || 0;
  return new ApiError(answer.status, code, message, answer.headers.get('X-Request-Id') ?? '', retryAfter);
}

async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new OfflineError();
  }
}

/** Sends a request with the session's token; where that has expired, waits until there is another and sends it again. */
export async function authorizedFetch(request: Request): Promise<Response> {
  for (;;) {
    const session = currentSession();
    const attempt = request.clone();
    attempt.headers.set('X-Auth-Token', session.token);
    const answer = await reach(attempt);
    if (answer.ok) return answer;
    const error = await errorOf(answer);
    if (!EXPIRED.has(error.code)) throw error;
    expire(session.token);
    await renewed();
  }
}

/** The API, typed by its own document. Every refusal is thrown. */
export const api = createClient<paths>({ baseUrl: globalThis.location?.origin, fetch: authorizedFetch });

/** The data of an answer; refusals were thrown before. */
export async function data<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}

/** Posts a form with pictures, which the document's client would send as JSON. */
export async function postForm<T>(path: string, form: FormData, signal?: AbortSignal): Promise<T> {
  const request = new Request(`${window.location.origin}${path}`, { method: 'POST', body: form, signal });
  return (await authorizedFetch(request)).json();
}

export function formOf(fields: Record<string, Blob | string | number | boolean | undefined>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Blob) form.append(name, value, 'picture');
    else if (value !== undefined) form.append(name, String(value));
  }
  return form;
}
