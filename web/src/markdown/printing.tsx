import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { flushSync } from "react-dom";

const Printing = createContext(false);

/** Tells what is in it when the page is printed. */
export function PrintingProvider({ children }: { children: ReactNode }) {
  const [printing, setPrinting] = useState(false);
  useEffect(() => {
    const begin = () => flushSync(() => setPrinting(true)); // at once: the browser lays out its sheets next
    const end = () => setPrinting(false);
    window.addEventListener("beforeprint", begin);
    window.addEventListener("afterprint", end);
    return () => {
      window.removeEventListener("beforeprint", begin);
      window.removeEventListener("afterprint", end);
    };
  }, []);
  return <Printing value={printing}>{children}</Printing>;
}

/** Whether the page is being printed: all of it, not only what is near. */
export function usePrinting(): boolean {
  return useContext(Printing);
}
