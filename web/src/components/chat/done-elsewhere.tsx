import { useEffect, useRef, useState } from "react";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { type Conversation, runningAnswers } from "../../state/conversation";
import { type State, shownConversation } from "../../state/state";

/**
 * Names the page after its chat, and tells of an answer that is done while its reader looks elsewhere: in that name,
 * and as a notification.
 */
export function DoneElsewhere() {
  const { store } = useChat();
  const words = useWords();
  const running = useChatState((state) => runningIn(state).join(" "));
  const title = useChatState((state) => titleOf(state, shownConversation(state)));
  const [isDone, setDone] = useState(false);
  const before = useRef(running);
  useEffect(() => {
    const was = before.current;
    before.current = running;
    if (was === "" || !document.hidden) return;
    const done = was.split(" ").find((id) => !running.split(" ").includes(id));
    const conversation = store.state.conversations.find((c) => c.id === done);
    if (conversation === undefined) return;
    setDone(true);
    const { preferences, words } = store.state;
    if (preferences.notifies) void notify(words.done_title, titleOf(store.state, conversation));
  }, [running, store]);
  useEffect(() => {
    const names = [isDone && `✓ ${words.done_title}`, title, "Deltawire"];
    document.title = names.filter((name) => name).join(" · ");
  }, [isDone, title, words]);
  useEffect(() => {
    const onVisible = () => document.hidden || setDone(false);
    document.addEventListener("visibilitychange", onVisible);
    return () => document.removeEventListener("visibilitychange", onVisible);
  }, []);
  return null;
}

function runningIn({ conversations }: State): string[] {
  return conversations.flatMap((c) => (runningAnswers(c).length > 0 ? [c.id] : []));
}

/** A temporary chat leaves none of its words in the browser's history or among its notifications. */
function titleOf({ words }: State, conversation: Conversation | null): string {
  return conversation?.isTemporary ? words.temporary : (conversation?.title ?? "");
}

async function notify(title: string, body: string): Promise<void> {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const options = { body, icon: "/icon-192.png", tag: "deltawire" };
  const worker = await navigator.serviceWorker?.getRegistration();
  if (worker !== undefined) await worker.showNotification(title, options);
  else new Notification(title, options).onclick = () => window.focus();
}
