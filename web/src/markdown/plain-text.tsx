import { memo } from "react";
import { piecesOf } from "./sections";

/** Text as it is, in pieces that are laid out only where they are seen. */
export function PlainText({ text }: { text: string }) {
  return piecesOf(text).map((piece) => <Piece key={piece.start} text={piece.text} />);
}

const Piece = memo(function Piece({ text }: { text: string }) {
  return (
    <div dir="auto" className="far-off whitespace-pre-wrap wrap-anywhere">
      {text}
    </div>
  );
});
