import { type Writing, writingOf } from "../controller/writing";
import { useChat } from "./use-chat";

export function useWriting(): Writing {
  return writingOf(useChat());
}
