import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "@fontsource-variable/inter/wght.css";
import "./page.css";
import { App } from "./app";
import { Broken } from "./broken";
import { Token, tabStorage } from "./connection/token";
import { ChatController } from "./controller/chat-controller";
import { loadPreferences } from "./controller/preference-storage";
import { ChatContext } from "./hooks/use-chat";
import { conversationAt, isKnown, sharedAt, unsentIn } from "./state/addresses";
import { directionOf, languageOf, wordsOf } from "./text/words/languages";
import type { Words } from "./text/words/words";

const root = createRoot(document.getElementById("page") as HTMLElement, { onUncaughtError });
const token = new Token(tabStorage());

const reader = languageOf(navigator.languages);
document.documentElement.lang = reader.language;
document.documentElement.dir = directionOf(reader.language);
/** What is drawn first has no text, and does not wait for these. */
const words = new Promise<Words>((resolve) => {
  wordsOf(reader).then(resolve, giveUp);
});

const shared = sharedAt(location.pathname);
(shared === null ? showChats() : showShared(shared)).catch(onUncaughtError);

async function showChats(): Promise<void> {
  const chat = new ChatController(location.origin, token, loadPreferences(), !isKnown(location.pathname), words);
  void chat.start(conversationAt(location.pathname), unsentIn(history.state));
  root.render(
    <StrictMode>
      <ChatContext value={chat}>
        <App />
      </ChatContext>
    </StrictMode>,
  );
}

/** Show a chat that somebody shares. */
async function showShared(link: string): Promise<void> {
  const [{ SharedPage }, loaded] = await Promise.all([import("./shared"), words]);
  root.render(<SharedPage link={link} token={token} words={loaded} />);
}

/** A fault that no part catches would leave an empty page. */
function onUncaughtError(fault: unknown): void {
  reportError(fault);
  giveUp();
}

function giveUp(): void {
  root.render(<Broken />);
}
