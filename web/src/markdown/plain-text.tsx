import { memo } from "react";

/** Text as it was written. */
export const PlainText = memo(function PlainText({ text }: { text: string }) {
  return (
    <div dir="auto" className="whitespace-pre-wrap">
      {text}
    </div>
  );
});
