import { useCallback } from "react";
import { useChat, useWords } from "../../hooks/use-chat";
import { Panel } from "../ui/panel";
import { ChatList } from "./chat-list";

const STAY = () => {};

/** The chats beside the one that is shown. */
export function Sidebar() {
  return <ChatList onLeave={STAY} />;
}

/** The chats in a drawer over the one that is shown, where there is no room beside it. */
export function ChatsDrawer() {
  const { store } = useChat();
  const words = useWords();
  const close = useCallback(() => store.dispatch({ type: "close", panel: "chats" }), [store]);
  return (
    <Panel name="chats" label={words.chats} className="drawer">
      <ChatList onLeave={close} />
    </Panel>
  );
}
