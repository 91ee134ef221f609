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
import { EN } from "./text/words/en";
import { directionOf, languageOf, wordsOf } from "./text/words/languages";

const page = document.getElementById("page");
if (page === null) throw new Error("index.html has an element with the id page");

const root = createRoot(page);
const token = new Token(tabStorage());

/** Show the page, or the chat that somebody shares, in these words. */
function show({ language, words }: Awaited<ReturnType<typeof wordsOf>>): void {
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
  const shared = sharedAt(location.pathname);
  if (shared !== null) {
    void import("./shared").then(({ SharedPage }) =>
      root.render(<SharedPage link={shared} token={token} words={words} />),
    );
    return;
  }
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

const language = languageOf(navigator.languages);
if (language === "en") show({ language, words: EN });
else void wordsOf(language).then(show);
