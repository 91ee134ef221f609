import { type FormEvent, lazy, Suspense, useCallback, useEffect, useState } from "react";
import { TokenField } from "./components/connection/token-field";
import { Api, Refusal } from "./connection/api";
import { LibraryApi } from "./connection/library-api";
import { type Token, tokenIn } from "./connection/token";
import { isGone, reasonOf } from "./controller/faults";
import { MathProvider } from "./markdown/math-provider";
import { PlainText } from "./markdown/plain-text";
import { WordsContext } from "./markdown/words";
import type { SharedConversation, SharedMessage } from "./protocol/frames";
import { type Sentence, say, sayAll, type Words } from "./text/words/words";

const Markdown = lazy(() =>
  import("./markdown/markdown").catch(() => ({ Markdown: PlainText })).then(({ Markdown }) => ({ default: Markdown })),
);

interface Props {
  /** The token of the link. */
  link: string;
  /** The reader's own. */
  token: Token;
  words: Words;
}

type Found = SharedConversation | { failed: Sentence } | "loading" | "gone" | "sign_in";

/** A chat that somebody shares: to be read, and nothing else. */
export function SharedPage({ link, token, words }: Props) {
  const [found, setFound] = useState<Found>("loading");
  const load = useCallback(() => {
    new LibraryApi(new Api(location.origin, token)).shared(link).then(setFound, (fault) => {
      const isLocked = fault instanceof Refusal && fault.problem.code === "unauthenticated";
      setFound(isLocked ? "sign_in" : isGone(fault) ? "gone" : { failed: reasonOf(fault) });
    });
  }, [link, token]);
  useEffect(load, [load]);
  const conversation = typeof found === "object" && "messages" in found ? found : null;
  const title = conversation?.title || words.shared_by;
  useEffect(() => {
    document.title = `${title} · Deltawire`;
  }, [title]);
  return (
    <div className="min-h-dvh">
      <header className="border-border border-b">
        <div className="column flex items-center gap-3 py-3">
          <img src="/favicon.svg" alt="" className="size-6" />
          <h1 dir="auto" className="min-w-0 flex-1 truncate font-semibold">
            {title}
          </h1>
          <a className="text-button text-sm" href="/">
            {words.back_to_chats}
          </a>
        </div>
      </header>
      <main className="column flex flex-col gap-5 py-6">
        {found === "gone" && <p role="status">{words.shared_gone}</p>}
        {found === "sign_in" && <SignIn token={token} words={words} onSignIn={load} />}
        {typeof found === "object" && "failed" in found && <Failed why={found.failed} words={words} onAgain={load} />}
        {conversation && <Shared found={conversation} words={words} />}
      </main>
    </div>
  );
}

function Failed({ why, words, onAgain }: { why: Sentence; words: Words; onAgain: () => void }) {
  return (
    <div className="flex flex-col items-start gap-4">
      <p role="status">{sayAll(words, why)}</p>
      <button type="button" className="button" onClick={onAgain}>
        {words.try_again}
      </button>
    </div>
  );
}

function Shared({ found, words }: { found: SharedConversation; words: Words }) {
  const day = new Date(found.expires * 1000).toLocaleDateString(words.locale, { dateStyle: "medium" });
  return (
    <WordsContext value={words}>
      <MathProvider>
        <p className="text-muted-foreground text-sm">{say(words, "shared_until", { day })}</p>
        {found.messages.map((message, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the messages have no names here, and stay in their order
          <Message key={index} message={message} words={words} />
        ))}
      </MathProvider>
    </WordsContext>
  );
}

function Message({ message: { role, text }, words }: { message: SharedMessage; words: Words }) {
  if (role === "user") {
    return (
      <article aria-label={words.you} className="flex flex-col items-end">
        <div
          dir="auto"
          className="question max-w-[85%] whitespace-pre-wrap wrap-anywhere rounded-2xl rounded-ee-md bg-secondary px-4 py-2.5"
        >
          {text}
        </div>
      </article>
    );
  }
  return (
    <article aria-label={words.answer} className="answer">
      <Suspense fallback={<PlainText text={text} />}>
        <Markdown text={text} growing={false} shown={true} />
      </Suspense>
    </article>
  );
}

function SignIn({ token, words, onSignIn }: { token: Token; words: Words; onSignIn: () => void }) {
  const [written, setWritten] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const own = tokenIn(written);
    if (own === null) return;
    token.keep(own);
    onSignIn();
  };
  return (
    <form className="mx-auto flex w-full max-w-md flex-col gap-4 py-10" onSubmit={submit}>
      <p>{words.shared_sign_in}</p>
      <TokenField label={words.token_field} value={written} onWrite={setWritten} />
      <button type="submit" className="button button-primary self-start">
        {words.sign_in}
      </button>
    </form>
  );
}
