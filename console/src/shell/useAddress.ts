import { useSearchParams } from 'react-router';

/**
 * State of a view in the query of its address: Back, a reload and a link restore it. Values that equal the defaults are left out.
 * Changes replace the entry of the history, so that Back leads to the previous view.
 */
export function useAddress<T extends Record<string, string>>(defaults: T): [T, (changes: Partial<T>) => void] {
  const [parameters, setParameters] = useSearchParams();
  const names = Object.keys(defaults);
  const state = Object.fromEntries(names.map((name) => [name, parameters.get(name) ?? defaults[name]])) as T;
  const change = (changes: Partial<T>) =>
    setParameters(
      () => {
        const next = new URLSearchParams(window.location.search);
        for (const [name, value] of Object.entries(changes) as [string, string][]) {
          if (value === defaults[name]) next.delete(name);
          else next.set(name, value);
        }
        return next;
      },
      { replace: true },
    );
  return [state, change];
}
