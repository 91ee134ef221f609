import { lazy, type MouseEvent, Suspense, useEffect } from "react";
import { Announcer } from "./components/chat/announcer";
import { loadMarkdown } from "./components/chat/answer";
import { Composer } from "./components/chat/composer";
import { MessageList } from "./components/chat/message-list";
import { ModelNotice } from "./components/chat/model-notice";
import { ModelPicker } from "./components/chat/model-picker";
import { News } from "./components/chat/news";
import { ConnectionNotice } from "./components/connection/connection-notice";
import { ConnectionStatus } from "./components/connection/connection-status";
import { OfflineNotice } from "./components/connection/offline-notice";
import { Sidebar } from "./components/sidebar/sidebar";
import { IconButton } from "./components/ui/icon-button";
import { Notice } from "./components/ui/notice";
import { PanelNotLoaded } from "./components/ui/panel-not-loaded";
import { useAddress } from "./hooks/use-address";
import { useChat, useChatState } from "./hooks/use-chat";
import { useShortcuts } from "./hooks/use-shortcuts";
import { useTheme } from "./hooks/use-theme";
import { MESSAGE_BOX, toMessageBox } from "./keyboard/shortcuts";
import { MathProvider } from "./markdown/math-provider";
import { shownConversation } from "./state/state";

const Panels = lazy(() =>
  import("./panels").catch(() => ({ Panels: PanelNotLoaded })).then(({ Panels }) => ({ default: Panels })),
);

export function App() {
  const chat = useChat();
  const asksWho = useChatState(({ identity, connection }) => identity.signedIn || connection.status === "locked");
  useAddress();
  usePageWide();
  useShortcuts();
  useTheme();
  return (
    <div className="page">
      <a className="skip button" href={`#${MESSAGE_BOX}`} onClick={skip}>
        Skip to the message
      </a>
      <Sidebar />
      <div className="flex min-w-0 flex-1 flex-col">
        <header className="flex h-14 shrink-0 items-center gap-2 border-border border-b px-3 low:h-12 md:px-5">
          <IconButton icon="menu" label="Chats" className="md:hidden" onClick={() => chat.open("chats")} />
          <IconButton
            icon="plus"
            label="New chat"
            className="md:hidden"
            onClick={() => chat.conversations.show(null)}
          />
          <h1 className="sr-only">Deltawire</h1>
          <ModelPicker />
          <span className="flex-1" />
          <ConnectionStatus />
          {asksWho && <IconButton icon="key" label="Your token" onClick={() => chat.open("sign_in")} />}
          <IconButton
            icon="keyboard"
            label="Shortcuts"
            className="pointer-coarse:hidden max-md:hidden"
            onClick={() => chat.open("shortcuts")}
          />
          <IconButton icon="settings" label="Settings" onClick={() => chat.open("settings")} />
        </header>
        <main className="flex min-h-0 flex-1 flex-col">
          <OfflineNotice />
          <MathProvider>
            <MessageList />
          </MathProvider>
          <div className="page-foot column pb-[max(1rem,env(safe-area-inset-bottom))] low:pb-[max(0.25rem,env(safe-area-inset-bottom))]">
            <ConnectionNotice />
            <News />
            <ModelNotice />
            <Composer />
          </div>
        </main>
        <Announcer />
        <Notice />
      </div>
      <Suspense>
        <Panels />
      </Suspense>
    </div>
  );
}

/** Without a change of the address. */
function skip(event: MouseEvent): void {
  event.preventDefault();
  toMessageBox();
}

/** What concerns the whole page: its title, leaving it and coming back to it. */
function usePageWide(): void {
  const chat = useChat();
  const title = useChatState((state) => shownConversation(state)?.title);
  useEffect(() => {
    document.title = title ? `${title} · Deltawire` : "Deltawire";
  }, [title]);
  useEffect(() => {
    const onVisible = () => {
      if (document.visibilityState === "hidden") return chat.deletion.leave();
      chat.checkConnection();
      chat.conversations.refresh();
    };
    document.addEventListener("visibilitychange", onVisible);
    window.addEventListener("pagehide", chat.deletion.leave);
    window.addEventListener("online", chat.checkConnection);
    void loadMarkdown(); // now, so that it is there when the first answer comes
    return () => {
      document.removeEventListener("visibilitychange", onVisible);
      window.removeEventListener("pagehide", chat.deletion.leave);
      window.removeEventListener("online", chat.checkConnection);
    };
  }, [chat]);
}
