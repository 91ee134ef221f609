import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "@fontsource-variable/inter/wght.css";
import "./page.css";
import { App } from "./app";
import { Token, tabStorage } from "./connection/token";
import { ChatController } from "./controller/chat-controller";
import { loadPreferences } from "./controller/preference-storage";
import { conversationAt, isKnown, unsentIn } from "./hooks/use-address";
import { ChatContext } from "./hooks/use-chat";

const page = document.getElementById("page");
if (page === null) throw new Error("index.html has an element with the id page");

const chat = new ChatController(
  location.origin,
  new Token(tabStorage()),
  loadPreferences(),
  !isKnown(location.pathname),
);
void chat.start(conversationAt(location.pathname), unsentIn(history.state));
createRoot(page).render(
  <StrictMode>
    <ChatContext value={chat}>
      <App />
    </ChatContext>
  </StrictMode>,
);
