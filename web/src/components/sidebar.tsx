import { isBusy } from "../chat/conversation";
import { useChat, useChatState } from "../hooks/use-chat";
import { Icon } from "./icon";
import { Panel } from "./panel";

/** The chats: beside the one that is shown, or, where there is no room for that, in a drawer over it. */
export function Sidebar() {
  const { store } = useChat();
  return (
    <>
      <nav aria-label="Chats" className="hidden w-64 shrink-0 border-border border-r bg-sidebar md:block">
        <ChatList onChoose={() => {}} />
      </nav>
      <Panel name="chats" label="Chats" className="drawer">
        <ChatList onChoose={() => store.dispatch({ type: "close", panel: "chats" })} />
      </Panel>
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
              <span dir="auto" className="truncate">
                {conversation.title}
              </span>
              {isBusy(conversation) && <span role="img" aria-label="answering" className="busy" />}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
