import { useCallback, useEffect, useRef, useState } from "react";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { runningAnswer } from "../../state/conversation";
import { draftOf } from "../../state/drafts";
import { shownConversation, shownPlace } from "../../state/state";
import { IconButton } from "../ui/icon-button";
import { ICONS } from "../ui/icons";
import { nothingDictated, withTranscript } from "./dictated";

/** Reads an answer aloud, where the browser has a voice. */
export function ReadAloud({ text }: { text: string }) {
  const words = useWords();
  const [reading, setReading] = useState(false);
  useEffect(() => {
    if (reading) return () => speechSynthesis.cancel();
  }, [reading]);
  if (!("speechSynthesis" in window)) return null;
  const start = () => {
    speechSynthesis.cancel();
    const speech = new SpeechSynthesisUtterance(spoken(text));
    speech.onend = () => setReading(false);
    speech.onerror = () => setReading(false);
    speechSynthesis.speak(speech);
    setReading(true);
  };
  return (
    <IconButton
      icon={reading ? ICONS.quiet : ICONS.aloud}
      label={reading ? words.stop_reading : words.read_aloud}
      aria-pressed={reading}
      onClick={() => (reading ? setReading(false) : start())}
    />
  );
}

/** An answer as it is spoken: without its marks, and without its blocks of code. */
function spoken(markdown: string): string {
  return markdown
    .replace(/^(`{3,}|~{3,})[\s\S]*?^\1/gm, " ")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[*_#>`|]/g, " ");
}

interface Recognition extends EventTarget {
  lang: string;
  continuous: boolean;
  interimResults: boolean;
  onresult: ((event: { results: ArrayLike<ArrayLike<{ transcript: string }>> }) => void) | null;
  onend: (() => void) | null;
  start(): void;
  stop(): void;
  abort(): void;
}
type RecognitionConstructor = new () => Recognition;

/** Writes down what is said, where the browser can: until a question is asked, or another chat is shown. */
export function Dictation() {
  const { store } = useChat();
  const words = useWords();
  const place = useChatState(shownPlace);
  const running = useChatState((state) => runningAnswer(shownConversation(state))?.id);
  const current = useRef<Recognition | null>(null);
  const [listening, setListening] = useState(false);
  const end = useCallback(() => {
    const recognition = current.current;
    if (recognition === null) return;
    recognition.onresult = null; // a result that comes now belongs in no box
    recognition.abort();
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it ends when another chat is shown
  useEffect(() => end, [place, end]);
  useEffect(() => {
    if (running !== undefined) end();
  }, [running, end]);
  const browser = window as {
    SpeechRecognition?: RecognitionConstructor;
    webkitSpeechRecognition?: RecognitionConstructor;
  };
  const Recognizer = browser.SpeechRecognition ?? browser.webkitSpeechRecognition;
  if (Recognizer === undefined) return null;
  const start = () => {
    const recognition = new Recognizer();
    const chat = shownPlace(store.state);
    let dictated = nothingDictated(draftOf(store.state, chat).text);
    recognition.lang = navigator.language;
    recognition.continuous = true;
    recognition.interimResults = true;
    recognition.onresult = ({ results }) => {
      const transcript = Array.from(results, (result) => result[0]?.transcript ?? "").join("");
      dictated = withTranscript(dictated, draftOf(store.state, chat).text, transcript);
      store.dispatch({ type: "write", chat, text: dictated.text });
    };
    recognition.onend = () => {
      if (current.current === recognition) setListening(false);
    };
    recognition.start();
    current.current = recognition;
    setListening(true);
  };
  return (
    <IconButton
      className="low:hidden"
      icon={ICONS.microphone}
      label={listening ? words.stop_dictating : words.dictate}
      aria-pressed={listening}
      onClick={() => (listening ? current.current?.stop() : start())}
    />
  );
}
