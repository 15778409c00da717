import { ApiError, retryDelay } from '../api/errors';

/** Share of the allowed rate that is used, so that other clients of the project are served too. */
const SHARE = 0.8;

/** Keeps the requests of a camera to a rate, and to the rate that the service allows as soon as it says so. */
export class Pace {
  private rate: number;
  private notBefore = 0;

  constructor(perSecond: number) {
    this.rate = perSecond;
  }

  /** Requests per second. */
  get perSecond(): number {
    return this.rate;
  }

  /** Milliseconds to wait before the next request, if the last one began at a time. */
  delay(lastStart: number, now: number): number {
    return Math.max(0, lastStart + 1000 / this.rate - now, this.notBefore - now);
  }

  /** Slow down after an error; returns false if a later request cannot succeed either. */
  slowDown(error: unknown, now: number): boolean {
    const seconds = retryDelay(error);
    if (seconds === undefined) return false;
    this.notBefore = now + 1000 * seconds;
    if (error instanceof ApiError && error.allowedRate) this.rate = Math.min(this.rate, SHARE * error.allowedRate);
    return true;
  }
}
