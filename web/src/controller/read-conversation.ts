import type { ConversationsApi } from "../connection/conversations-api";
import type { Store } from "../state/store";

/** Read the conversation `stored` and merge it into the one of the page's id `id`. Rejects as `Api.request` does. */
export async function readConversation(store: Store, api: ConversationsApi, id: string, stored: string): Promise<void> {
  const saved = () => store.state.conversations.find((c) => c.id === id)?.saved;
  const before = saved();
  const [tree, { merged }] = await Promise.all([api.read(stored), import("../state/merge-stored")]);
  const now = saved();
  // Settings that were written while the tree was read are newer than its own.
  const settings = now === undefined || now === before ? tree.settings : now;
  store.dispatch({ type: "read", conversation: id, tree: { ...tree, settings }, merge: merged });
}
