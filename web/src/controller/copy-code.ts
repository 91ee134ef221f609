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
  const { words } = store.state;
  store.dispatch({ type: "notice", notice: words[code === null ? "no_code" : await copied(code)] });
}

/** Copy a text; return what came of it. */
async function copied(text: string): Promise<"code_copied" | "copy_denied"> {
  try {
    await navigator.clipboard.writeText(text);
    return "code_copied";
  } catch {
    return "copy_denied";
  }
}
