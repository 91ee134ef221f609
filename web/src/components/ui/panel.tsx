import { type ReactNode, useLayoutEffect, useRef } from "react";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { useKeptFocus } from "../../hooks/use-kept-focus";
import { useWriting } from "../../hooks/use-writing";
import type { Panel as PanelName } from "../../state/state";
import { closeDialog } from "./close-dialog";
import { IconButton } from "./icon-button";
import { ICONS } from "./icons";
import { useClickBeside } from "./use-click-beside";

interface Props {
  name: PanelName;
  label: string;
  /** How it looks: as a drawer at a side, or as a sheet in the middle. */
  className: string;
  children: ReactNode;
}

/** What lies over the page until it is closed: with Escape, with its button, or with a click beside it. */
export function Panel({ name, label, className, children }: Props) {
  const { store } = useChat();
  const writing = useWriting();
  const words = useWords();
  const open = useChatState((state) => state.panel === name);
  const dialog = useRef<HTMLDialogElement>(null);
  useKeptFocus(dialog);
  const close = () => store.dispatch({ type: "close", panel: name });
  const clickBeside = useClickBeside(dialog, close);
  useLayoutEffect(() => {
    const { current } = dialog;
    if (current === null) return;
    if (!open) return closeDialog(current);
    // It came late, or nobody asked for it. There is a button for each panel.
    if (writing.isWriting()) return store.dispatch({ type: "close", panel: name });
    current.showModal();
    // Whoever comes here after a refusal comes to change what was refused.
    current.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [open, store, name, writing]);
  return (
    <dialog
      ref={dialog}
      aria-label={label}
      className={className}
      // Escape, in its own task: `close` is told in a later one. A file chooser that is closed cancels, too.
      onCancel={(event) => event.target === dialog.current && close()}
      onClose={close}
      {...clickBeside}
    >
      {open && (
        <>
          {children}
          <IconButton icon={ICONS.close} label={words.close} className="absolute end-2 top-3" onClick={close} />
        </>
      )}
    </dialog>
  );
}
