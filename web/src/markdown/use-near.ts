import { type RefObject, useEffect, useState } from "react";
import { flushSync } from "react-dom";

/** In heights of what is seen: farther than browsers begin to lay out what they skip. */
const NEAR = "250%";

/**
 * Whether an element is near what is seen of its scroller. Where that is `kept` it stays so, and whatever is still far
 * becomes near as soon as the browser has nothing else to do.
 */
export function useNear(element: RefObject<Element | null>, initially: boolean, kept: boolean): boolean {
  const [near, setNear] = useState(initially);
  const settled = near && kept;
  useEffect(() => {
    if (element.current === null || settled) return;
    const observer = new IntersectionObserver(
      (entries) => {
        const isNear = entries.some(({ isIntersecting }) => isIntersecting);
        if (isNear || !kept) setNear(isNear);
      },
      { root: element.current.closest("[data-scroller]"), rootMargin: `${NEAR} 0px` },
    );
    observer.observe(element.current);
    // Drawn within the callback, so that the browser sees before the next one whether it still has nothing else to do.
    const request =
      kept && "requestIdleCallback" in window ? requestIdleCallback(() => flushSync(() => setNear(true))) : 0;
    return () => {
      observer.disconnect();
      if (request !== 0) cancelIdleCallback(request);
    };
  }, [element, settled, kept]);
  return near;
}
