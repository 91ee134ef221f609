import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "@fontsource-variable/inter/wght.css";
import "./page.css";
import { App } from "./app";
import { Token, tabStorage } from "./connection/token";
import { Chat } from "./controller/chat-controller";
import { conversationAt } from "./hooks/use-address";
import { ChatContext } from "./hooks/use-chat";
import { keptPreferences } from "./state/preferences";

const page = document.getElementById("page");
if (page === null) throw new Error("index.html has an element with the id page");

const chat = new Chat(location.origin, new Token(tabStorage()), keptPreferences());
void chat.start(conversationAt(location.pathname));
createRoot(page).render(
  <StrictMode>
    <ChatContext value={chat}>
      <App />
    </ChatContext>
  </StrictMode>,
);
