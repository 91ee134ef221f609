import { memo, useState } from "react";
import { useChat } from "../../hooks/use-chat";
import type { Question as QuestionData } from "../../state/conversation";
import { CopyButton } from "../ui/copy-button";
import { IconButton } from "../ui/icon-button";
import { BranchSwitch } from "./branch-switch";
import { QuestionEditor } from "./question-editor";

export const Question = memo(function Question({ question }: { question: QuestionData }) {
  const chat = useChat();
  const [editing, setEditing] = useState(false);
  const [left, setLeft] = useState(false); // and whoever leaves the editor comes back to where it was opened
  if (editing) {
    const send = (text: string) => {
      setEditing(false);
      chat.turns.edit(question, text);
    };
    const cancel = () => {
      setEditing(false);
      setLeft(true);
    };
    return <QuestionEditor text={question.text} onSend={send} onCancel={cancel} />;
  }
  return (
    <article aria-label="You" className="turn group flex flex-col items-end gap-1">
      <div
        dir="auto"
        className="max-w-[85%] whitespace-pre-wrap wrap-anywhere rounded-2xl rounded-br-md bg-secondary px-4 py-2.5"
      >
        {question.text}
      </div>
      <div className="actions">
        <BranchSwitch message={question} />
        <CopyButton text={question.text} label="Copy question" />
        <IconButton icon="edit" label="Edit question" autoFocus={left} onClick={() => setEditing(true)} />
      </div>
    </article>
  );
});
