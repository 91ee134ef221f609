import { useEffect, useRef } from "react";
import { isBusy } from "../chat/conversation";
import { useChat, useChatState } from "../hooks/use-chat";
import { Icon } from "./icon";
import { IconButton } from "./icon-button";

interface Props {
  /** Whether it is open where there is no room for it beside the chat. */
  open: boolean;
  onClose: () => void;
}

/** The chats: beside the one that is shown, or in a drawer over it. */
export function Sidebar({ open, onClose }: Props) {
  const drawer = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) drawer.current?.showModal();
    else drawer.current?.close();
  }, [open]);
  return (
    <>
      <nav aria-label="Chats" className="hidden w-64 shrink-0 border-border border-r bg-sidebar md:block">
        <ChatList onChoose={() => {}} />
      </nav>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog by itself */}
      <dialog
        ref={drawer}
        aria-label="Chats"
        className="drawer"
        onClose={onClose}
        onClick={(event) => event.target === drawer.current && onClose()}
      >
        <IconButton icon="close" label="Close" className="absolute top-3 right-2" onClick={onClose} />
        {open && <ChatList onChoose={onClose} />}
      </dialog>
    </>
  );
}

function ChatList({ onChoose }: { onChoose: () => void }) {
  const { store } = useChat();
  const conversations = useChatState((state) => state.conversations);
  const shown = useChatState((state) => state.shown);
  const show = (conversation: string | null) => {
    store.dispatch({ type: "show", conversation });
    onChoose();
  };
  return (
    <div className="flex h-full flex-col gap-4 overflow-y-auto p-3">
      <p className="flex items-center gap-2 px-2 pt-1 font-semibold tracking-tight">
        <img src="/favicon.svg" alt="" className="size-5" /> Deltawire
      </p>
      <button type="button" className="button w-full justify-start" onClick={() => show(null)}>
        <Icon name="plus" /> New chat
      </button>
      <ul className="flex flex-col gap-0.5">
        {conversations.map((conversation) => (
          <li key={conversation.id}>
            <button
              type="button"
              className="chat-entry"
              aria-current={conversation.id === shown ? "page" : undefined}
              onClick={() => show(conversation.id)}
            >
              <span className="truncate">{conversation.title}</span>
              {isBusy(conversation) && <span role="img" aria-label="answering" className="busy" />}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
