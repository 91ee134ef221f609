import { memo, useState } from "react";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import type { Question as QuestionData } from "../../state/conversation";
import { draftOf } from "../../state/drafts";
import { shownPlace } from "../../state/state";
import { CopyButton } from "../ui/copy-button";
import { IconButton } from "../ui/icon-button";
import { ICONS } from "../ui/icons";
import { TimeOf } from "./answer-extras";
import { BranchSwitch } from "./branch-switch";
import { FileList } from "./file-list";
import { QuestionEditor } from "./question-editor";

export const Question = memo(function Question({ question }: { question: QuestionData }) {
  const chat = useChat();
  const words = useWords();
  const edited = useChatState((state) => draftOf(state, shownPlace(state)).edits[question.id]);
  const [left, setLeft] = useState(false); // the focus returns to the button that opened the editor
  const edit = (text: string | null) =>
    chat.store.dispatch({ type: "edit", chat: shownPlace(chat.store.state), question: question.id, text });
  if (edited !== undefined) {
    const cancel = () => {
      edit(null);
      setLeft(true);
    };
    return (
      <QuestionEditor
        question={question.id}
        files={question.files}
        text={edited}
        onWrite={edit}
        onSend={(text) => chat.turns.edit(question, text)}
        onCancel={cancel}
      />
    );
  }
  return (
    <article aria-label={words.you} className="turn group flex flex-col items-end gap-1" data-message={question.id}>
      {question.files.length > 0 && <FileList files={question.files} label={words.files_of_question} />}
      <div
        dir="auto"
        className="question max-w-[85%] whitespace-pre-wrap wrap-anywhere rounded-2xl rounded-ee-md bg-secondary px-4 py-2.5"
      >
        {question.text}
      </div>
      <div className="actions">
        <TimeOf seconds={question.created} />
        <BranchSwitch message={question} />
        <CopyButton text={question.text} label={words.copy_question} />
        <IconButton
          icon={ICONS.edit}
          label={words.edit_question}
          autoFocus={left}
          onClick={() => edit(question.text)}
        />
      </div>
    </article>
  );
});
