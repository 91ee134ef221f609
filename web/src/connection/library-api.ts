// What the server keeps beside the conversations, and where these are kept, over HTTP: folders, prompts, links, the archive,
// imports and exports. docs/reference/http.md.

import type {
  Conversation,
  ConversationPage,
  Folder,
  FolderList,
  ImportReport,
  MadeShare,
  Prompt,
  PromptList,
  SharedConversation,
  ShareList,
} from "../protocol/frames";
import type { Api } from "./api";
import { type ApiPath, PATHS } from "./paths";

export type Format = "markdown" | "json";

/** Which conversations: those of a folder, pinned or archived ones. */
type Where = { folder: string } | { pinned: "true" } | { archived: "true" };

const JSON_TYPE = { "Content-Type": "application/json" };

/** A link to make: the last message of the branch, and how many days it lasts. */
export interface NewLink {
  message: string;
  days: number;
  public: boolean;
}

/** Every method rejects as `Api.request` does. */
export class LibraryApi {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** The conversations that are there, the last used first; `cursor` goes on after a page. */
  places = (where: Where, cursor: string | null = null): Promise<ConversationPage> => {
    const query = new URLSearchParams({ limit: "100", ...where, ...(cursor && { cursor }) });
    return this.#json("GET", `${PATHS.conversations}?${query}`);
  };

  async folders(): Promise<readonly Folder[]> {
    return (await this.#json<FolderList>("GET", PATHS.folders)).folders;
  }

  createFolder = (name: string): Promise<Folder> => this.#json("POST", PATHS.folders, { name });

  renameFolder = (id: string, name: string): Promise<Folder> => this.#json("PATCH", `${PATHS.folders}/${id}`, { name });

  deleteFolder = (id: string): Promise<Response> => this.#send("DELETE", `${PATHS.folders}/${id}`);

  async prompts(): Promise<readonly Prompt[]> {
    return (await this.#json<PromptList>("GET", PATHS.prompts)).prompts;
  }

  createPrompt = (name: string, text: string): Promise<Prompt> => this.#json("POST", PATHS.prompts, { name, text });

  changePrompt = (id: string, name: string, text: string): Promise<Prompt> =>
    this.#json("PATCH", `${PATHS.prompts}/${id}`, { name, text });

  deletePrompt = (id: string): Promise<Response> => this.#send("DELETE", `${PATHS.prompts}/${id}`);

  async links(): Promise<ShareList["shares"]> {
    return (await this.#json<ShareList>("GET", PATHS.shares)).shares;
  }

  createLink = (conversation: string, link: NewLink): Promise<MadeShare> =>
    this.#json("POST", `${PATHS.conversations}/${conversation}/shares`, link);

  takeBack = (link: string): Promise<Response> => this.#send("DELETE", `${PATHS.shares}/${link}`);

  shared = (token: string): Promise<SharedConversation> => this.#json("GET", `${PATHS.shared}/${token}`);

  makeTitle = (conversation: string): Promise<Conversation> =>
    this.#json("POST", `${PATHS.conversations}/${conversation}/title`);

  /** Import what a text holds; it may take as long as it takes. */
  importPart = async (text: string): Promise<ImportReport["conversations"]> => {
    const options = { method: "POST", headers: JSON_TYPE, body: text, signal: null };
    const report: ImportReport = await (await this.#api.request(`${PATHS.conversations}/import`, options)).json();
    return report.conversations;
  };

  file = async (conversation: string, format: Format): Promise<{ name: string; content: Blob }> => {
    const response = await this.#send("GET", `${PATHS.conversations}/${conversation}/export?format=${format}`);
    const [, name = "conversation"] = response.headers.get("content-disposition")?.match(/filename="(.+)"/) ?? [];
    return { name, content: await response.blob() };
  };

  everything = async (): Promise<Blob> => (await this.#send("GET", `${PATHS.conversations}/export`)).blob();

  deleteAll = (): Promise<Response> => this.#send("DELETE", PATHS.conversations);

  #send(method: string, path: ApiPath, body?: unknown): Promise<Response> {
    const content = body === undefined ? {} : { headers: JSON_TYPE, body: JSON.stringify(body) };
    return this.#api.request(path, { method, ...content });
  }

  async #json<T>(method: string, path: ApiPath, body?: unknown): Promise<T> {
    return (await this.#send(method, path, body)).json();
  }
}
