import { type RefObject, useEffect, useState } from 'react';
import { OfflineError, wait } from '../api/errors';
import { useProjectId } from '../api/useApi';
import { captureFrame } from '../images/image';
import { type Identification, identify } from './identify';
import { Pace } from './pace';

/** Longest side of a frame as it is sent, in pixels. */
const SIDE = 960;
const QUALITY = 0.85;
const OFFLINE_SECONDS = 2;

/** Time after which boxes of an earlier frame are removed, in milliseconds. */
export const STALE_MS = 3000;

interface Options {
  set: string;
  threshold: number;
  perSecond: number;
  running: boolean;
}

/** Identify the people in front of a camera, frame by frame, as fast as the service allows. */
export function useLive(video: RefObject<HTMLVideoElement | null>, { set, threshold, perSecond, running }: Options) {
  const project = useProjectId();
  const [latest, setLatest] = useState<Identification>();
  const [error, setError] = useState<unknown>();
  const [rate, setRate] = useState(perSecond);
  useEffect(() => {
    if (!running || !set) return;
    const stop = new AbortController();
    const pace = new Pace(perSecond);
    let answered = performance.now();
    const step = async (element: HTMLVideoElement) => {
      try {
        const frame = await captureFrame(element, QUALITY, SIDE);
        const found = await identify(project, set, frame, threshold, stop.signal);
        if (stop.signal.aborted) return false;
        answered = performance.now();
        setLatest(found);
        setError(undefined);
      } catch (problem) {
        if (stop.signal.aborted) return false;
        if (problem instanceof OfflineError) await wait(OFFLINE_SECONDS);
        else if (!pace.slowDown(problem, performance.now())) {
          setError(problem);
          return false;
        }
        if (performance.now() - answered > STALE_MS) setLatest(undefined);
      }
      setRate(pace.perSecond);
      return true;
    };
    const loop = async () => {
      for (let going = true; going && !stop.signal.aborted; ) {
        const started = performance.now();
        const element = video.current;
        if (element?.videoWidth) going = await step(element);
        await wait(pace.delay(started, performance.now()) / 1000);
      }
    };
    setError(undefined);
    void loop();
    return () => stop.abort();
  }, [video, project, set, threshold, perSecond, running]);
  return { latest, error, rate };
}
