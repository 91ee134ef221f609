import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./page.css";
import { App } from "./app";

const page = document.getElementById("page");
if (page === null) throw new Error("index.html has an element with the id page");
createRoot(page).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
