import { Announcer } from "./components/chat/announcer";
import { loadMarkdown } from "./components/chat/answer";
import { AttachButtons } from "./components/chat/attach-buttons";
import { AttachmentTray } from "./components/chat/attachment-tray";
import { ContextMeter } from "./components/chat/context-meter";
import { MessageList } from "./components/chat/message-list";
import { ModelNotice } from "./components/chat/model-notice";
import { ModelPicker } from "./components/chat/model-picker";
import { News } from "./components/chat/news";
import { Returned } from "./components/chat/returned";
import { ThinkingSwitch } from "./components/chat/thinking-switch";
import { ToolSwitches } from "./components/chat/tool-switches";
import { ConnectionNotice } from "./components/connection/connection-notice";
import { OfflineNotice } from "./components/connection/offline-notice";
import { ChatsDrawer, Sidebar } from "./components/sidebar/sidebar";
import { Notice } from "./components/ui/notice";
import { PanelNotLoaded } from "./components/ui/panel-not-loaded";
import { useShortcuts } from "./hooks/use-shortcuts";
import { MathProvider } from "./markdown/math-provider";
import { PrintingProvider } from "./markdown/printing";

// Now, so that they are there when the first answer comes, a chat is read, or the connection is lost.
void loadMarkdown();
void Promise.allSettled([
  import("./state/merge-stored"),
  import("./connection/probe"),
  import("./controller/reattachment"),
]);

export {
  Announcer,
  AttachButtons,
  AttachmentTray,
  ChatsDrawer,
  ContextMeter,
  ModelPicker,
  Notice,
  PanelNotLoaded,
  Sidebar,
};

/** The shortcuts, which are of no use before there is something to see. */
export function Shortcuts() {
  useShortcuts();
  return null;
}

/** What the next question is asked with. */
export function Switches() {
  return (
    <>
      <ThinkingSwitch />
      <ToolSwitches />
    </>
  );
}

/** The messages of the chat that is shown. */
export function Messages() {
  return (
    <>
      <OfflineNotice />
      <MathProvider>
        <PrintingProvider>
          <MessageList />
        </PrintingProvider>
      </MathProvider>
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
    </>
  );
}
