import { useCallback } from "react";
import { useChat } from "../../hooks/use-chat";
import { Panel } from "../ui/panel";
import { ChatList } from "./chat-list";

const STAY = () => {};

/** The chats: beside the one that is shown, or, where there is no room for that, in a drawer over it. */
export function Sidebar() {
  const { store } = useChat();
  const close = useCallback(() => store.dispatch({ type: "close", panel: "chats" }), [store]);
  return (
    <>
      <nav aria-label="Chats" className="hidden w-68 shrink-0 border-border border-r bg-sidebar md:block">
        <ChatList onLeave={STAY} />
      </nav>
      <Panel name="chats" label="Chats" className="drawer">
        <ChatList onLeave={close} />
      </Panel>
    </>
  );
}
