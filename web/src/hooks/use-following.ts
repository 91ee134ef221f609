import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

/** So near its end, the end counts as seen. */
const AT_END_PX = 32;
/** The list's own padding, above its first message and below its last one. */
const PADDING_PX = 24;
/** What is left above a question that is put at the top: less than there is between two messages. */
const ABOVE_PX = 16;

export interface Following {
  /** Whether the end is kept in sight while the content grows. */
  isFollowing: boolean;
  /** Whether there is an end to go to that is not seen, or that the reader has left. */
  isAwayFromEnd: boolean;
  /** Show the end, and keep it in sight. */
  toEnd: () => void;
  /** Show the message of this id at the top, and let what follows it grow below. */
  toTop: (message: string) => void;
  /** Change the content; `element`, or what takes its place, stays where it is on the screen. */
  keepInPlace: (element: Element, change: () => void) => void;
}

/**
 * Scrolls the messages of a chat. A question that was just asked is put at the top and stays there. The end is kept in
 * sight only after the reader has gone to it, until they scroll up. `content` is the element of the messages of `chat`.
 */
export function useFollowing(
  scroller: RefObject<HTMLElement | null>,
  content: RefObject<HTMLElement | null>,
  space: RefObject<HTMLElement | null>,
  chat: string | undefined,
): Following {
  const [mode, setMode] = useState<Mode>("following");
  const [isMoreBelow, setMoreBelow] = useState(false);
  const scrolling = useRef(new Scrolling());

  // biome-ignore lint/correctness/useExhaustiveDependencies: the messages of another chat are another element
  useEffect(() => {
    if (scroller.current === null || content.current === null || space.current === null) return;
    return scrolling.current.attach(scroller.current, content.current, space.current, (mode, below) => {
      setMode(mode);
      setMoreBelow(below);
    });
  }, [scroller, content, space, chat]);

  const toEnd = useCallback(() => scrolling.current.toEnd(), []);
  const toTop = useCallback((message: string) => scrolling.current.toTop(message), []);
  const keepInPlace = useCallback((element: Element, change: () => void) => {
    scrolling.current.keepInPlace(element, change);
  }, []);
  const isAwayFromEnd = mode === "held" || (mode === "placed" && isMoreBelow);
  return { isFollowing: mode === "following", isAwayFromEnd, toEnd, toTop, keepInPlace };
}

type OnChange = (mode: Mode, isMoreBelow: boolean) => void;

/**
 * `following`: the end is kept in sight. `placed`: a message was put where it is, and what follows it grows below.
 * `held`: the reader has scrolled away from the end.
 */
type Mode = "following" | "placed" | "held";

/** The part of the scrolling that is not state of React. */
class Scrolling {
  #scroller: HTMLElement | null = null;
  #content: HTMLElement | null = null;
  /** Room after the content, so that its last question can stand at the top. */
  #space: HTMLElement | null = null;
  #onChange: OnChange = () => {};
  #mode: Mode = "following";
  /** The message that was put at the top. */
  #top: string | null = null;
  #before: { top: number; height: number; onScreen: number | null } = { top: 0, height: 0, onScreen: null };

  attach(scroller: HTMLElement, content: HTMLElement, space: HTMLElement, onChange: OnChange): () => void {
    [this.#scroller, this.#content, this.#space, this.#onChange] = [scroller, content, space, onChange];
    const onScroll = () => this.#onScroll();
    const onClick = ({ target }: Event) => {
      const summary = target instanceof Element ? target.closest("summary") : null;
      if (summary && !summary.closest("details")?.open) this.#become("held"); // what opens is read from its beginning
    };
    const observer = new ResizeObserver(() => this.#onResize());
    observer.observe(content);
    observer.observe(scroller);
    scroller.addEventListener("scroll", onScroll, { passive: true });
    scroller.addEventListener("click", onClick);
    return () => {
      observer.disconnect();
      scroller.removeEventListener("scroll", onScroll);
      scroller.removeEventListener("click", onClick);
    };
  }

  toEnd(): void {
    this.#top = null;
    this.#setSpace(0);
    this.#become("following");
    this.#scrollToEnd();
  }

  toTop(message: string): void {
    this.#top = message;
    this.#become("placed");
    this.#makeRoom();
    if (this.#scroller) this.#scrollBy((this.#placeOfTop() ?? this.#scroller.scrollTop) - this.#scroller.scrollTop);
    this.#tell();
  }

  keepInPlace(element: Element, change: () => void): void {
    const { top } = element.getBoundingClientRect();
    this.#become("placed");
    change();
    if (this.#topOnScreen === null) this.#top = null; // it belongs to another branch
    if (!element.isConnected || this.#scroller === null) return;
    const by = element.getBoundingClientRect().top - top;
    // What is shorter than what stood here before would let the browser scroll: then it gets the room.
    const lacking = this.#scroller.scrollTop + by + this.#scroller.clientHeight - this.#scroller.scrollHeight;
    if (lacking > 0) this.#setSpace((this.#space?.offsetHeight ?? 0) + lacking);
    this.#scrollBy(by);
  }

  #onScroll(): void {
    if (this.#scroller === null) return;
    const { scrollTop, scrollHeight } = this.#scroller;
    // When content shrinks the browser scrolls by itself: a scroll is the reader's only if the height has not shrunk.
    if (scrollHeight >= this.#before.height) {
      if (scrollTop < this.#before.top) this.#become(this.#below < 2 ? this.#mode : "held");
      else if (scrollTop > this.#before.top && this.#below < AT_END_PX) {
        this.#become(this.#isLong ? "following" : "placed");
      }
    }
    this.#remember();
    this.#tell();
  }

  #onResize(): void {
    // The question at the top went back into its box: without it there is nothing to see but its room.
    if (this.#top !== null && this.#topOnScreen === null) this.toEnd();
    if (this.#top !== null) this.#makeRoom();
    if (this.#mode === "following") this.#scrollToEnd();
    else if (this.#mode === "placed") this.#keepTop();
    this.#tell();
  }

  /** Keep the message at the top where it was on the screen: what stands above it may get another height late. */
  #keepTop(): void {
    const onScreen = this.#topOnScreen;
    if (onScreen !== null && this.#before.onScreen !== null) this.#scrollBy(onScreen - this.#before.onScreen);
  }

  /** Whether what stands below the question at the top fills the screen, so that its end is somewhere to go to. */
  get #isLong(): boolean {
    return (this.#space?.offsetHeight ?? 0) === 0;
  }

  /** How much of the content is below what is seen. */
  get #below(): number {
    if (this.#content === null || this.#scroller === null) return 0;
    return this.#content.getBoundingClientRect().bottom + PADDING_PX - this.#scroller.getBoundingClientRect().bottom;
  }

  get #scrollerTop(): number {
    return this.#scroller?.getBoundingClientRect().top ?? 0;
  }

  #find(message: string): Element | null {
    return this.#content?.querySelector(`[data-message="${CSS.escape(message)}"]`) ?? null;
  }

  /** Room for the question at the top to stay there, however little follows it. */
  #makeRoom(): void {
    const top = this.#placeOfTop();
    if (top === null || !this.#space || !this.#scroller) return;
    const { clientHeight, scrollHeight } = this.#scroller;
    this.#setSpace(Math.max(0, top + clientHeight - (scrollHeight - this.#space.offsetHeight)));
  }

  /** Where to scroll to, so that the message at the top is there. */
  #placeOfTop(): number | null {
    const onScreen = this.#topOnScreen;
    if (onScreen === null || !this.#scroller) return null;
    const below = this.#scroller.scrollTop + onScreen;
    return below <= PADDING_PX ? 0 : below - ABOVE_PX;
  }

  /** How far the message at the top is below the scroller's upper edge, in pixels. */
  get #topOnScreen(): number | null {
    const message = this.#top === null ? null : this.#find(this.#top);
    return message ? message.getBoundingClientRect().top - this.#scrollerTop : null;
  }

  #setSpace(height: number): void {
    if (this.#space) this.#space.style.height = `${height}px`;
  }

  #scrollToEnd(): void {
    this.#scrollBy(this.#below);
  }

  #scrollBy(top: number): void {
    this.#scroller?.scrollBy({ top, behavior: "instant" });
    this.#remember();
  }

  #remember(): void {
    if (this.#scroller === null) return;
    const { scrollTop, scrollHeight } = this.#scroller;
    this.#before = { top: scrollTop, height: scrollHeight, onScreen: this.#topOnScreen };
  }

  #become(mode: Mode): void {
    this.#mode = mode;
    this.#tell();
  }

  #tell(): void {
    this.#onChange(this.#mode, this.#below > AT_END_PX);
  }
}
