/** An error response of the service: its code and the request's id. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId: string,
    readonly retryAfter = 0,
    /** Requests per second that the service allows, if it said so. */
    readonly allowedRate?: number,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** The service is unreachable. */
export class OfflineError extends Error {
  constructor() {
    super('offline');
    this.name = 'OfflineError';
  }
}

/** Parse an error response in any of the service's three envelopes. */
export async function errorOf(response: Response): Promise<ApiError> {
  const body = await response.json().catch(() => ({}));
  const code = body.error_code ?? body.error?.title ?? String(response.status);
  const message = body.error_msg ?? body.error?.message ?? response.statusText;
  const retryAfter = Number(response.headers.get('Retry-After') ?? 0) || 0;
  const requestId = response.headers.get('X-Request-Id') ?? '';
  return new ApiError(response.status, code, message, requestId, retryAfter, allowedRateOf(response.headers));
}

/** The rate limit of a response, in requests per second; its headers count the requests of a window such as `2 second`. */
function allowedRateOf(headers: Headers): number | undefined {
  const requests = Number(headers.get('X-ratelimit') ?? 0);
  const seconds = Number.parseFloat(headers.get('X-ratelimit-window') ?? '');
  return requests > 0 && seconds > 0 ? requests / seconds : undefined;
}

/** Delay before a retry, in seconds; undefined if a retry cannot succeed. */
export function retryDelay(error: unknown): number | undefined {
  if (!(error instanceof ApiError)) return undefined;
  if (error.status === 429) return error.retryAfter || 1;
  return error.status === 503 ? error.retryAfter || 5 : undefined;
}

/** Resolve after some seconds. */
export const wait = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000));
