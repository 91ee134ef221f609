import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import type { MathPlugin } from "streamdown";

interface Loading {
  /** Null until it is loaded. */
  plugin: MathPlugin | null;
  load: () => void;
}

const MathContext = createContext<Loading | null>(null);

/** Holds what draws formulas, once one of the answers has asked for it. */
export function MathProvider({ children }: { children: ReactNode }) {
  const [plugin, setPlugin] = useState<MathPlugin | null>(null);
  const load = useCallback(() => {
    import("./math").then(
      ({ MATH }) => setPlugin(MATH),
      () => {}, // there is no connection: formulas stay as they were written
    );
  }, []);
  return <MathContext value={useMemo(() => ({ plugin, load }), [plugin, load])}>{children}</MathContext>;
}

/** What draws formulas, if they are wanted and it is loaded. */
export function useMath(wanted: boolean): MathPlugin | null {
  const loading = useContext(MathContext);
  const load = loading?.load;
  useEffect(() => {
    if (wanted) load?.();
  }, [wanted, load]);
  return wanted ? (loading?.plugin ?? null) : null;
}
