import { QueryClient } from '@tanstack/react-query';
import { OfflineError } from './api/errors';
import { onBack } from './api/reachability';

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (count, error) => error instanceof OfflineError && count < 2,
      refetchOnWindowFocus: false,
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

onBack(() => void queries.refetchQueries({ type: 'active', predicate: (query) => query.state.status === 'error' }));
