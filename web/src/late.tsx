import { Announcer } from "./components/chat/announcer";
import { loadMarkdown } from "./components/chat/answer";
import { ContextMeter } from "./components/chat/context-meter";
import { MessageList } from "./components/chat/message-list";
import { ModelNotice } from "./components/chat/model-notice";
import { ModelPicker } from "./components/chat/model-picker";
import { News } from "./components/chat/news";
import { Returned } from "./components/chat/returned";
import { ConnectionNotice } from "./components/connection/connection-notice";
import { OfflineNotice } from "./components/connection/offline-notice";
import { Notice } from "./components/ui/notice";
import { MathProvider } from "./markdown/math-provider";

void loadMarkdown(); // now, so that it is there when the first answer comes

export { Announcer, ContextMeter, ModelPicker, Notice };

/** The messages of the chat that is shown. */
export function Messages() {
  return (
    <>
      <OfflineNotice />
      <MathProvider>
        <MessageList />
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
