// Puts back what the browser has kept when the page is opened again.

import { emptyConversation, withoutQuestion } from "./conversation-tree";
import { NEW_CHAT } from "./drafts";
import { withEntry, without } from "./listing";
import { change, conversationWith, type Kept, type State } from "./state";
import { type UnstoredTurn, withUnstoredTurns } from "./unstored-turns";

/** Questions of chats that the server has are put back when those are read; of others the chats are made again. */
export function restore(state: State, { drafts, settings, unstored }: Kept, now: number): State {
  const { [NEW_CHAT]: fresh = state.fresh, ...others } = settings;
  const restored = { ...state, drafts, settings: others, fresh };
  const { local = [], stored = [] } = Object.groupBy(unstored, ({ conversation }) =>
    conversation.stored === null ? "local" : "stored",
  );
  return local.reduce<State>((all, record) => withLocal(all, record, now), { ...restored, unstored: stored });
}

function withLocal(state: State, record: UnstoredTurn, now: number): State {
  const { id, title, settings } = record.conversation;
  const here = state.conversations.find((c) => c.id === id);
  const begun = here ?? { ...emptyConversation(id, null, settings), title };
  const others = state.conversations.filter((c) => c.id !== id);
  const updated = Math.max(now / 1000, state.list.entries[0]?.updated ?? 0);
  return {
    ...state,
    conversations: [...others, withUnstoredTurns(begun, [record])],
    list: withEntry(state.list, { id, stored: null, title, updated }),
  };
}

/** Without a question that another page has sent, or will. */
export function withoutTaken(state: State, id: string): State {
  const unstored = state.unstored.filter(({ question }) => question.id !== id);
  const conversation = conversationWith(state, id);
  const question = conversation?.messages[id];
  if (conversation === null || question?.role !== "user" || question.stored !== null) return { ...state, unstored };
  const rest = withoutQuestion(conversation, question);
  if (rest.stored !== null || Object.keys(rest.messages).length > 0) {
    return change({ ...state, unstored }, rest.id, () => rest);
  }
  return {
    ...state,
    unstored,
    shown: state.shown === rest.id ? null : state.shown,
    conversations: state.conversations.filter((c) => c.id !== rest.id),
    list: without(state.list, rest.id),
  };
}
