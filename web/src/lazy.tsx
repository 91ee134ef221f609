import { Announcer } from "./components/chat/announcer";
import { loadMarkdown } from "./components/chat/answer";
import { AttachButtons } from "./components/chat/attach-buttons";
import { AttachmentTray } from "./components/chat/attachment-tray";
import { Commands } from "./components/chat/commands";
import { ContextMeter } from "./components/chat/context-meter";
import { FoundWords } from "./components/chat/found-words";
import { MessageList } from "./components/chat/message-list";
import { ModelNotice } from "./components/chat/model-notice";
import { News } from "./components/chat/news";
import { Returned } from "./components/chat/returned";
import { ThinkingSwitch } from "./components/chat/thinking-switch";
import { ToolSwitches } from "./components/chat/tool-switches";
import { Dictation } from "./components/chat/voice";
import { Starters } from "./components/chat/welcome";
import { ConnectionNotice } from "./components/connection/connection-notice";
import { OfflineNotice } from "./components/connection/offline-notice";
import { ChatsDrawer, Sidebar } from "./components/sidebar/sidebar";
import { Notice } from "./components/ui/notice";
import { PanelNotLoaded } from "./components/ui/panel-not-loaded";
import { Head } from "./head";
import { useAddress } from "./hooks/use-address";
import { useWords } from "./hooks/use-chat";
import { useKeptPanel } from "./hooks/use-kept-panel";
import { usePageEvents } from "./hooks/use-page-events";
import { useShortcuts } from "./hooks/use-shortcuts";
import { MathProvider } from "./markdown/math-provider";
import { PrintingProvider } from "./markdown/printing";
import { WordsContext } from "./markdown/words";

// Now, so that they are there when the first answer comes, a chat is read, or the connection is lost.
void loadMarkdown();
void Promise.allSettled([
  import("./state/merge-stored"),
  import("./connection/probe"),
  import("./controller/reattachment"),
]);

// The offline shell, once the page is there. Only where the browser has it, and over https or on this machine.
if (import.meta.env.PROD) void navigator.serviceWorker?.register("/sw.js").catch(() => {});

export { Announcer, AttachButtons, AttachmentTray, ChatsDrawer, ContextMeter, Head, Notice, PanelNotLoaded, Sidebar };

/** What concerns the whole page, and is of no use before there is something to see. */
export function PageEvents() {
  useAddress();
  usePageEvents();
  useShortcuts();
  useKeptPanel();
  return null;
}

/** What the next question is asked with. */
export function Switches() {
  return (
    <>
      <ThinkingSwitch />
      <ToolSwitches />
      <Dictation />
    </>
  );
}

/** What stands below the message box of a new chat. */
export const BelowBox = Starters;

/** The messages of the chat that is shown. */
export function Messages() {
  const words = useWords();
  return (
    <>
      <OfflineNotice />
      <WordsContext value={words}>
        <MathProvider>
          <PrintingProvider>
            <MessageList />
            <FoundWords />
          </PrintingProvider>
        </MathProvider>
      </WordsContext>
    </>
  );
}

/** What is said above the message box. */
export function Foot() {
  return (
    <>
      <ConnectionNotice />
      <News />
      <ModelNotice />
      <Returned />
      <Commands />
    </>
  );
}
