import { useEffect, useState } from "react";
import { useWords } from "../../hooks/use-chat";

/** The suggestions of a search, as Google gives them and wants them to be shown, in a frame of their own. */
export function SearchSuggestions({ html }: { html: string }) {
  const { suggestions: title } = useWords();
  const [page, setPage] = useState<string | null>(null);
  useEffect(() => {
    let stale = false;
    import("../../markdown/suggestions").then(
      ({ suggestionsPage }) => !stale && setPage(suggestionsPage(html, title)),
      () => {}, // this part of the page did not come
    );
    return () => {
      stale = true;
    };
  }, [html, title]);
  if (page === null) return <div className="suggestions" />;
  return (
    <iframe
      title={title}
      className="suggestions"
      sandbox="allow-popups allow-popups-to-escape-sandbox"
      referrerPolicy="no-referrer"
      srcDoc={page}
    />
  );
}
