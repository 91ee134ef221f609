import { useState } from "react";
import { useWords } from "../../hooks/use-chat";
import { type CitedSource, hostOf } from "../../state/citations";
import { say } from "../../text/words/words";

/** So many are listed at once. */
const LISTED = 6;
/** Google's addresses, which lead on to the page: its title says where. */
const LEADS_ON = "vertexaisearch.cloud.google.com";

/** The pages that an answer rests on. */
export function Sources({ sources }: { sources: readonly CitedSource[] }) {
  const words = useWords();
  const [all, setAll] = useState(false);
  const listed = all ? sources : sources.slice(0, LISTED);
  return (
    <div className="sources">
      <p aria-hidden="true">{words.sources}</p>
      <ol aria-label={words.sources}>
        {listed.map((source) => (
          <li key={source.number}>
            <span className="source-number">{source.number}</span>
            <SourceLink source={source} />
          </li>
        ))}
      </ol>
      {listed.length < sources.length && (
        <button type="button" className="text-button" onClick={() => setAll(true)}>
          {say(words, "show_all", { n: sources.length })}
        </button>
      )}
    </div>
  );
}

/** Only the address of a page is a link. */
function SourceLink({ source: { title, uri } }: { source: CitedSource }) {
  const host = hostOf(uri);
  const isNamed = host === "" || host === LEADS_ON || title.toLowerCase().includes(host);
  const words = (
    <>
      <span dir="auto" className="source-title">
        {title}
      </span>
      {!isNamed && <span className="source-host"> {host}</span>}
    </>
  );
  if (host === "") return <span className="min-w-0">{words}</span>;
  return (
    <a href={uri} target="_blank" rel="noopener noreferrer" className="min-w-0">
      {words}
    </a>
  );
}
