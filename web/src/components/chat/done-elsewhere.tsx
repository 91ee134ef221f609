import { useEffect, useRef } from "react";
import { useChat, useChatState } from "../../hooks/use-chat";
import { runningAnswers } from "../../state/conversation";
import type { State } from "../../state/state";

/** Tells of an answer that is done while its reader looks elsewhere: in the tab's title, and as a notification. */
export function DoneElsewhere() {
  const { store } = useChat();
  const running = useChatState((state) => runningIn(state).join(" "));
  const before = useRef(running);
  useEffect(() => {
    const was = before.current;
    before.current = running;
    if (was === "" || !document.hidden) return;
    const done = was.split(" ").find((id) => !running.split(" ").includes(id));
    const conversation = store.state.conversations.find((c) => c.id === done);
    if (conversation === undefined) return;
    const { words, preferences } = store.state;
    const title = document.title;
    document.title = `✓ ${words.done_title} · ${title}`;
    const onVisible = () => {
      document.title = title;
    };
    document.addEventListener("visibilitychange", onVisible, { once: true });
    if (preferences.notifies) void notify(words.done_title, conversation.title);
  }, [running, store]);
  return null;
}

function runningIn({ conversations }: State): string[] {
  return conversations.flatMap((c) => (runningAnswers(c).length > 0 ? [c.id] : []));
}

async function notify(title: string, body: string): Promise<void> {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const options = { body, icon: "/icon-192.png", tag: "deltawire" };
  const worker = await navigator.serviceWorker?.getRegistration();
  if (worker !== undefined) await worker.showNotification(title, options);
  else new Notification(title, options).onclick = () => window.focus();
}
