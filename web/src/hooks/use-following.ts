import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

const AT_END_PX = 32;

/**
 * Keeps an element scrolled to its end while its content grows, until the reader scrolls up. Returns whether it does,
 * and a way to go back to the end.
 */
export function useFollowing(
  scroller: RefObject<HTMLElement | null>,
  content: RefObject<HTMLElement | null>,
): [boolean, () => void] {
  const [following, setFollowing] = useState(true);
  const follows = useRef(true);
  const follow = useCallback((on: boolean) => {
    follows.current = on;
    setFollowing(on);
  }, []);

  useEffect(() => {
    const element = scroller.current;
    if (element === null || content.current === null) return;
    let { scrollTop, scrollHeight } = element;
    const onScroll = () => {
      const left = element.scrollHeight - element.clientHeight - element.scrollTop;
      // When content shrinks the browser scrolls by itself: a scroll is the reader's only if the height has not shrunk.
      if (element.scrollHeight >= scrollHeight) {
        if (element.scrollTop < scrollTop) follow(left < 2);
        else if (left < AT_END_PX) follow(true);
      }
      ({ scrollTop, scrollHeight } = element);
    };
    const keepUp = () => {
      if (follows.current) element.scrollTop = element.scrollHeight;
    };
    const onClick = ({ target }: Event) => {
      const summary = target instanceof Element ? target.closest("summary") : null;
      if (summary && !summary.closest("details")?.open) follow(false); // what opens is read from its beginning
    };
    const observer = new ResizeObserver(keepUp);
    observer.observe(content.current);
    observer.observe(element);
    element.addEventListener("scroll", onScroll, { passive: true });
    element.addEventListener("click", onClick);
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", onScroll);
      element.removeEventListener("click", onClick);
    };
  }, [scroller, content, follow]);

  const toEnd = useCallback(() => {
    follow(true);
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight, behavior: "instant" });
  }, [scroller, follow]);
  return [following, toEnd];
}
