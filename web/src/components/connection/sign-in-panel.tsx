import { type FormEvent, useId, useState } from "react";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { sayAll } from "../../text/words/words";
import { Panel } from "../ui/panel";
import { TokenField } from "./token-field";

/** Asks who is there, and says what the server thought of it. */
export function SignInPanel() {
  const words = useWords();
  return (
    <Panel name="sign_in" label={words.your_token} className="sheet">
      <SignInForm />
    </Panel>
  );
}

function SignInForm() {
  const chat = useChat();
  const words = useWords();
  const { signedIn, refusal } = useChatState((state) => state.identity);
  const [written, setWritten] = useState("");
  const note = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    chat.identity.signIn(written);
  };
  return (
    <form className="flex flex-col gap-5 p-5" onSubmit={submit}>
      <h2 className="pe-10 font-semibold text-base">{words.your_token}</h2>
      <TokenField
        label={words.token_field}
        autoFocus // the dialog is opened to enter this
        aria-describedby={note}
        aria-invalid={refusal !== null && written === ""}
        value={written}
        onWrite={setWritten}
      >
        <p id={note} className="text-muted-foreground">
          {words.token_note}
        </p>
        <p role="alert" className="text-danger">
          {refusal && sayAll(words, refusal)}
        </p>
      </TokenField>
      <div className="flex flex-wrap justify-end gap-2">
        {signedIn && (
          <button type="button" className="button" onClick={chat.identity.signOut}>
            {words.sign_out}
          </button>
        )}
        <button type="submit" className="button button-primary">
          {signedIn ? words.token_use : words.sign_in}
        </button>
      </div>
    </form>
  );
}
