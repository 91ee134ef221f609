import { type MouseEvent, type PointerEvent, type RefObject, useRef } from "react";

/**
 * The handlers of a dialog that a click beside it closes. A click is told of the dialog, too, where the pointer went down
 * in it and up beside it, as when text is selected: such a one closes nothing.
 */
export function useClickBeside(dialog: RefObject<HTMLDialogElement | null>, close: () => void) {
  const isBeside = useRef(false);
  return {
    onPointerDown: ({ target }: PointerEvent) => {
      isBeside.current = target === dialog.current;
    },
    onPointerUp: ({ target }: PointerEvent) => {
      isBeside.current &&= target === dialog.current;
    },
    onClick: ({ target }: MouseEvent) => {
      if (isBeside.current && target === dialog.current) close();
    },
  };
}
