import { useSyncExternalStore } from 'react';
import { wait } from './errors';

const POLL_SECONDS = 2;

let away = false;
const listeners = new Set<() => void>();
const backListeners = new Set<() => void>();

function change(next: boolean) {
  away = next;
  for (const listener of listeners) listener();
}

/** Record that the service did not answer, and poll it until it is ready. */
export function reportAway(): void {
  if (away) return;
  change(true);
  void poll();
}

async function poll() {
  do await wait(POLL_SECONDS);
  while (!(await isReady()));
  change(false);
  for (const listener of backListeners) listener();
}

const isReady = () =>
  fetch('/ready', { cache: 'no-store' }).then(
    (response) => response.ok,
    () => false,
  );

/** Call a function each time that the service is back; returns a function that ends this. */
export function onBack(listener: () => void): () => void {
  backListeners.add(listener);
  return () => backListeners.delete(listener);
}

/** Resolve as soon as the service is ready. */
export const whenBack = () =>
  new Promise<void>((resolve) => {
    if (!away) return resolve();
    const end = onBack(() => {
      end();
      resolve();
    });
  });

/** True while the service does not answer. */
export const useAway = () =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => away,
  );
