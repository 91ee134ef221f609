import { useCallback, useEffect, useState } from "react";

/** What `load` resolves with, and a way to load it again; null until it is there. `load` has to stay the same. */
export function useLoaded<T>(load: () => Promise<T | null>): [T | null, () => void] {
  const [loaded, setLoaded] = useState<T | null>(null);
  const again = useCallback(() => void load().then(setLoaded, () => setLoaded(null)), [load]);
  useEffect(again, [again]);
  return [loaded, again];
}
