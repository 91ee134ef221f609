import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "@fontsource-variable/inter/wght.css";
import "./page.css";
import { App } from "./app";
import { Token, tabStorage } from "./connection/token";
import { ChatController } from "./controller/chat-controller";
import { loadPreferences } from "./controller/preference-storage";
import { conversationAt, isKnown, sharedAt, unsentIn } from "./hooks/use-address";
import { ChatContext } from "./hooks/use-chat";
import { directionOf, languageOf, wordsOf } from "./text/words/languages";

const page = document.getElementById("page");
if (page === null) throw new Error("index.html has an element with the id page");

const { language, words } = await wordsOf(languageOf(navigator.languages));
document.documentElement.lang = language;
document.documentElement.dir = directionOf(language);
const token = new Token(tabStorage());
const shared = sharedAt(location.pathname);
if (shared !== null) {
  const { SharedPage } = await import("./shared");
  createRoot(page).render(<SharedPage link={shared} token={token} words={words} />);
} else {
  const chat = new ChatController(location.origin, token, loadPreferences(), !isKnown(location.pathname), words);
  void chat.start(conversationAt(location.pathname), unsentIn(history.state));
  createRoot(page).render(
    <StrictMode>
      <ChatContext value={chat}>
        <App />
      </ChatContext>
    </StrictMode>,
  );
}
