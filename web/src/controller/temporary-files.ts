// Removes the files of a temporary chat once it is left: nobody can come back to them.

import type { Api } from "../connection/api";
import { PATHS } from "../connection/paths";
import type { Conversation } from "../state/conversation";

/** Remove what it was asked with, and what its answers made, unless a stored conversation names it too. */
export async function removeFiles(api: Api, temporary: Conversation): Promise<void> {
  const messages = Object.values(temporary.messages);
  const ids = messages.flatMap((message) =>
    message.role === "user"
      ? message.files.map(({ id }) => id)
      : message.parts.flatMap((part) => (part.type === "file" && part.file !== null ? [part.file] : [])),
  );
  const removals = [...new Set(ids)].map((id) =>
    api.request(`${PATHS.files}/${id}?unnamed=true`, { method: "DELETE", keepalive: true }),
  );
  await Promise.allSettled(removals); // one that cannot be removed now expires
}
