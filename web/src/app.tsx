import { lazy, type MouseEvent, Suspense, useEffect } from "react";
import { Composer } from "./components/chat/composer";
import { MessagesNotLoaded } from "./components/chat/messages-not-loaded";
import { ModelPicker } from "./components/chat/model-picker";
import { Welcome } from "./components/chat/welcome";
import { ConnectionStatus } from "./components/connection/connection-status";
import { IconButton } from "./components/ui/icon-button";
import { PanelNotLoaded } from "./components/ui/panel-not-loaded";
import { useAddress } from "./hooks/use-address";
import { useChat, useChatState } from "./hooks/use-chat";
import { useShortcuts } from "./hooks/use-shortcuts";
import { useTheme } from "./hooks/use-theme";
import { MESSAGE_BOX, toMessageBox } from "./keyboard/shortcuts";
import { shownConversation } from "./state/state";

const NOTHING = () => null;
const NOT_LOADED = {
  Messages: MessagesNotLoaded,
  Sidebar: NOTHING,
  Foot: NOTHING,
  ContextMeter: NOTHING,
  Announcer: NOTHING,
  Notice: NOTHING,
};

/** What shows chats: they have to be read first, so the page is there before the part that draws them. */
const late = import("./late").catch(() => NOT_LOADED);
const lately = (name: keyof typeof NOT_LOADED) => lazy(() => late.then((loaded) => ({ default: loaded[name] })));
const Messages = lately("Messages");
const Sidebar = lately("Sidebar");
const Foot = lately("Foot");
const ContextMeter = lately("ContextMeter");
const Announcer = lately("Announcer");
const Notice = lately("Notice");
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
      <Suspense fallback={<div className="hidden w-68 shrink-0 border-border border-r bg-sidebar md:block" />}>
        <Sidebar />
      </Suspense>
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
          <Suspense fallback={<MessagesToCome />}>
            <Messages />
          </Suspense>
          <div className="page-foot column pb-[max(1rem,env(safe-area-inset-bottom))] low:pb-[max(0.25rem,env(safe-area-inset-bottom))]">
            <Suspense>
              <Foot />
            </Suspense>
            <Composer>
              <Suspense>
                <ContextMeter />
              </Suspense>
            </Composer>
          </div>
        </main>
        <Suspense>
          <Announcer />
          <Notice />
        </Suspense>
      </div>
      <Suspense>
        <Panels />
      </Suspense>
    </div>
  );
}

/** A chat that has no message yet looks the same while that part is loaded. */
function MessagesToCome() {
  const isNew = useChatState((state) => state.shown === null);
  return <div className="flex min-h-0 flex-1 flex-col">{isNew && <Welcome />}</div>;
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
    return () => {
      document.removeEventListener("visibilitychange", onVisible);
      window.removeEventListener("pagehide", chat.deletion.leave);
      window.removeEventListener("online", chat.checkConnection);
    };
  }, [chat]);
}
