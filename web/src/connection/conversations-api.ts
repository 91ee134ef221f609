// The conversations that the server keeps, over HTTP. docs/reference/wire.md has the routes.

import type { Conversation, ConversationPage, ConversationSettings, ConversationTree } from "../protocol/frames";
import type { Api } from "./api";
import { type ApiPath, PATHS } from "./paths";

/** What to change: null takes a setting away. */
export interface Changes {
  title?: string;
  pinned?: boolean;
  archived?: boolean;
  folder?: string | null;
  settings?: ConversationSettings;
}

const { conversations: ALL } = PATHS;
const JSON_TYPE = { "Content-Type": "application/json" };

/** Every method rejects as `Api.request` does. */
export class ConversationsApi {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** The conversations last used, those in which all of these words stand; `cursor` goes on after a page. */
  page(words: string, cursor: string | null): Promise<ConversationPage> {
    const query = new URLSearchParams({ limit: "40", ...(words && { q: words }), ...(cursor && { cursor }) });
    return this.#json(`${ALL}?${query}`);
  }

  read(id: string): Promise<ConversationTree> {
    return this.#json(`${ALL}/${id}`);
  }

  create(title: string): Promise<Conversation> {
    return this.#json(ALL, { method: "POST", headers: JSON_TYPE, body: JSON.stringify({ title }) });
  }

  change(id: string, changes: Changes): Promise<Conversation> {
    return this.#json(`${ALL}/${id}`, { method: "PATCH", headers: JSON_TYPE, body: JSON.stringify(changes) });
  }

  /** Delete it, even if the page is closed meanwhile. */
  async remove(id: string): Promise<void> {
    await this.#api.request(`${ALL}/${id}`, { method: "DELETE", keepalive: true });
  }

  async #json<T>(path: ApiPath, options?: RequestInit): Promise<T> {
    return (await this.#api.request(path, options)).json();
  }
}
