import { type RefObject, useEffect } from "react";

const STOPS = "a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea";

/** Where what has the focus goes away, give it to what stands in its place: else the next Tab begins at the page's top. */
export function useKeptFocus(room: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const { current } = room;
    if (current === null) return;
    let focused: Element | null = null;
    let place = 0;
    const stops = () => [...current.querySelectorAll<HTMLElement>(STOPS)].filter((stop) => stop.checkVisibility());
    const onFocus = ({ target }: FocusEvent) => {
      focused = current.contains(target as Element) ? (target as Element) : null;
      place = stops().indexOf(target as HTMLElement);
    };
    const observer = new MutationObserver(() => {
      if (focused === null || focused.isConnected) return;
      focused = null;
      if (document.activeElement !== document.body) return;
      const left = stops();
      left[Math.max(0, Math.min(place, left.length - 1))]?.focus();
    });
    document.addEventListener("focusin", onFocus);
    observer.observe(current, { childList: true, subtree: true });
    return () => {
      document.removeEventListener("focusin", onFocus);
      observer.disconnect();
    };
  }, [room]);
}
