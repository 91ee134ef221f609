// Draws mermaid's diagrams as images: an image runs nothing, loads nothing, and its styles are its own, so that the page's
// policy stays as strict as it is. Loaded when a reader asks for a drawing.

import { renderMermaidSVG } from "beautiful-mermaid";
import { useMemo } from "react";
import { say } from "../text/words/words";
import { isTooMuchOfADiagram } from "./budget";
import { useWords } from "./words";

export function Diagram({ source }: { source: string }) {
  const words = useWords();
  const drawn = useMemo(() => draw(source), [source]);
  if (drawn === null) return <p className="diagram-fault">{words.diagram_failed}</p>;
  return (
    // biome-ignore lint/a11y/useSemanticElements: no fields are grouped here
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <div role="group" aria-label={words.diagram} tabIndex={0} className="diagram">
      <img src={drawn} alt={say(words, "diagram_source", { source })} />
    </div>
  );
}

/** The address of the image; null when it cannot be drawn. */
function draw(source: string): string | null {
  if (isTooMuchOfADiagram(source)) return null;
  try {
    return `data:image/svg+xml,${encodeURIComponent(withoutFonts(renderMermaidSVG(source, colors())))}`;
  } catch {
    return null;
  }
}

/** An image may ask no other host for a font. */
function withoutFonts(svg: string): string {
  return svg.replace(/@import[^;]*;/g, "");
}

function colors() {
  const style = getComputedStyle(document.documentElement);
  return { bg: style.backgroundColor, fg: style.color, font: "system-ui", transparent: true };
}
