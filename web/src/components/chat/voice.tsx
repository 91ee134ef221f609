import { useEffect, useRef, useState } from "react";
import { useChat, useWords } from "../../hooks/use-chat";
import { draftOf } from "../../state/drafts";
import { shownPlace } from "../../state/state";
import { IconButton } from "../ui/icon-button";
import { ICONS } from "../ui/icons";

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
}
type RecognitionConstructor = new () => Recognition;

/** Writes down what is said, where the browser can. */
export function Dictation() {
  const { store } = useChat();
  const words = useWords();
  const running = useRef<Recognition | null>(null);
  const [listening, setListening] = useState(false);
  useEffect(() => () => running.current?.stop(), []);
  const browser = window as {
    SpeechRecognition?: RecognitionConstructor;
    webkitSpeechRecognition?: RecognitionConstructor;
  };
  const Recognizer = browser.SpeechRecognition ?? browser.webkitSpeechRecognition;
  if (Recognizer === undefined) return null;
  const start = () => {
    const recognition = new Recognizer();
    const chat = shownPlace(store.state);
    const before = draftOf(store.state, chat).text;
    recognition.lang = navigator.language;
    recognition.continuous = true;
    recognition.interimResults = true;
    recognition.onresult = ({ results }) => {
      const transcript = Array.from(results, (result) => result[0]?.transcript ?? "").join("");
      store.dispatch({
        type: "write",
        chat,
        text: before === "" ? transcript.trimStart() : `${before} ${transcript.trimStart()}`,
      });
    };
    recognition.onend = () => setListening(false);
    recognition.start();
    running.current = recognition;
    setListening(true);
  };
  return (
    <IconButton
      className="low:hidden"
      icon={ICONS.microphone}
      label={listening ? words.stop_dictating : words.dictate}
      aria-pressed={listening}
      onClick={() => (listening ? running.current?.stop() : start())}
    />
  );
}
