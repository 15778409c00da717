/** An error response of the service: its code and the request's id. */
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
  return new ApiError(response.status, code, message, response.headers.get('X-Request-Id') ?? '', retryAfter);
}
