import { type RefObject, useLayoutEffect } from "react";

/** Gives a text box the height of its text where the style sheet cannot: before Firefox 152 and Safari 26.2. */
export function useGrowing(box: RefObject<HTMLTextAreaElement | null>, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text has another height
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || CSS.supports("field-sizing", "content")) return;
    element.style.height = "auto"; // else it would never shrink
    element.style.height = `${element.scrollHeight}px`;
  }, [box, text]);
}
