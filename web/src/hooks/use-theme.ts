import { useLayoutEffect } from "react";
import { useChatState } from "./use-chat";

/** Shows the page, and the bars that a phone draws around it, in the theme that the reader prefers. */
export function useTheme(): void {
  const theme = useChatState((state) => state.preferences.theme);
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = theme;
    for (const meta of document.querySelectorAll<HTMLMetaElement>("meta[name=theme-color]")) {
      const scheme = meta.dataset.scheme;
      meta.media = theme === "system" ? `(prefers-color-scheme: ${scheme})` : theme === scheme ? "all" : "not all";
    }
  }, [theme]);
}
