import { lazy } from 'react';
import { reportAway, whenBack } from '../api/reachability';

const ATTEMPTS = 3;

type Load<T> = () => Promise<T>;

/** Load a part of the console. While the service is away, wait for it; throws if the part is missing afterwards. */
export async function persistently<T>(load: Load<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await load();
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      reportAway();
      await whenBack();
    }
  }
}

const loads = {
  Overview: () => import('../overview/Overview'),
  FaceSets: () => import('../face-sets/FaceSets'),
  FaceSetPage: () => import('../faces/FaceSetPage'),
  People: () => import('../people/People'),
  Search: () => import('../search/Search'),
  Detect: () => import('../detect/Detect'),
  Compare: () => import('../compare/Compare'),
  Liveness: () => import('../liveness/Liveness'),
  Live: () => import('../live/Live'),
  Check: () => import('../check/Check'),
  Deletions: () => import('../deletions/Deletions'),
  Accounts: () => import('../accounts/Accounts'),
  Account: () => import('../account/Account'),
  Rules: () => import('../rules/Rules'),
};

export const Overview = lazy(() => persistently(loads.Overview));
export const FaceSets = lazy(() => persistently(loads.FaceSets));
export const FaceSetPage = lazy(() => persistently(loads.FaceSetPage));
export const People = lazy(() => persistently(loads.People));
export const Search = lazy(() => persistently(loads.Search));
export const Detect = lazy(() => persistently(loads.Detect));
export const Compare = lazy(() => persistently(loads.Compare));
export const Liveness = lazy(() => persistently(loads.Liveness));
export const Live = lazy(() => persistently(loads.Live));
export const Check = lazy(() => persistently(loads.Check));
export const Deletions = lazy(() => persistently(loads.Deletions));
export const Accounts = lazy(() => persistently(loads.Accounts));
export const Account = lazy(() => persistently(loads.Account));
export const Rules = lazy(() => persistently(loads.Rules));

/** Load all views, so that they can be opened while the service restarts or has another version of the console. */
export async function loadAll(): Promise<void> {
  for (const load of Object.values(loads)) await load();
}
