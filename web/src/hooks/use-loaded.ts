import { useCallback, useEffect, useRef, useState } from "react";
import { reasonOf } from "../controller/faults";

/** What was loaded; null until it is there. */
interface Loaded<T> {
  value: T | null;
  /** Why it could not be loaded. */
  trouble: ReturnType<typeof reasonOf> | null;
}

/**
 * What `load` resolves with, and a way to load it again; it resolves with null where this part of the page did not come.
 * `load` has to stay the same: what another one brings takes the place of what is there.
 */
export function useLoaded<T>(load: () => Promise<T | null>): [Loaded<T>, () => void] {
  const [loaded, setLoaded] = useState<Loaded<T>>({ value: null, trouble: null });
  const loads = useRef(0);
  const again = useCallback(() => {
    const here = ++loads.current;
    const set = (loaded: Loaded<T>) => {
      if (here === loads.current) setLoaded(loaded);
    };
    load().then(
      (value) => set({ value, trouble: value === null ? reasonOf(null) : null }),
      (fault) => set({ value: null, trouble: reasonOf(fault) }),
    );
  }, [load]);
  useEffect(again, [again]);
  return [loaded, again];
}
