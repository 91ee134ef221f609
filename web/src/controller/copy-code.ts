import { branchTo } from "../state/conversation";
import { shownConversation } from "../state/state";
import type { Store } from "../state/store";

/** Copy the last block of code of the branch that is shown, and say what came of it. */
export async function copyLastCode(store: Store): Promise<void> {
  const reader = await import("../markdown/last-code").catch(() => null);
  const conversation = shownConversation(store.state);
  const branch = conversation ? branchTo(conversation, conversation.leaf) : [];
  const code = branch.reduce<string | null>(
    (last, { role, text }) => (role === "model" && reader?.lastCodeOf(text)) || last,
    null,
  );
  store.dispatch({ type: "notice", notice: code === null ? "There is no code here" : await copied(code) });
}

/** Copy a text; return what came of it, as a sentence. */
async function copied(text: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return "Code copied";
  } catch {
    return "The browser does not let this page copy";
  }
}
