// Made by `make frames` from server/deltawire/protocol/frames.py.

export type FrameUp = Chat | Cancel | Resume | Auth | ToolResult;
export type FrameDown =
  | Started
  | Delta
  | Thought
  | Source
  | Citation
  | Search
  | Code
  | CodeResult
  | FileFrame
  | ToolCall
  | Usage
  | ErrorFrame;

export interface Wire {
  FrameUp: FrameUp;
  FrameDown: FrameDown;
  ModelList: ModelList;
  Conversation: Conversation;
  ConversationTree: ConversationTree;
  ConversationPage: ConversationPage;
  UsageReport: UsageReport;
  FolderList: FolderList;
  PromptList: PromptList;
  ShareList: ShareList;
  MadeShare: MadeShare;
  SharedConversation: SharedConversation;
  ImportReport: ImportReport;
}
/**
 * Start a turn. An error that refuses this frame repeats its `ref`, also when its `id` is what is wrong.
 */
export interface Chat {
  type: "chat";
  model?: string | null;
  system?: string | null;
  temperature?: number | null;
  top_p?: number | null;
  max_output_tokens?: number | null;
  stop?:
    | [string]
    | [string, string]
    | [string, string, string]
    | [string, string, string, string]
    | [string, string, string, string, string]
    | null;
  thinking?: ("high" | "low" | "medium" | "off") | null;
  /**
   * a string that is not empty
   */
  message?: string;
  id?: string | null;
  history?: HistoryMessage[] | null;
  conversation?: string | null;
  parent?: string | null;
  grace?: number | null;
  seed?: number | null;
  tools?: (("code" | "search" | "url_context") | FunctionTool)[] | null;
  tool_choice?: (("any" | "auto" | "none") | [string, ...string[]]) | null;
  response_schema?: {} | null;
  files?: string[] | null;
  tool_results?: ToolAnswer[] | null;
  state?: string | null;
  ref?: string | null;
}
/**
 * One earlier message, as the context of a turn.
 */
export interface HistoryMessage {
  /**
   * "user" or "model"
   */
  role: "model" | "user";
  /**
   * a string
   */
  text: string;
}
/**
 * A function that the client answers; `parameters` is a JSON Schema of its arguments.
 */
export interface FunctionTool {
  /**
   * 1 to 128 of A-Z a-z 0-9 _ . : -, a letter or _ first
   */
  name: string;
  description?: string | null;
  parameters?: {} | null;
}
/**
 * The answer to one call: its `result`, or the `error` that it ended in.
 */
export interface ToolAnswer {
  /**
   * the name of a call, of at most 256 characters
   */
  call: string;
  /**
   * any JSON
   */
  result?: {
    [k: string]: unknown;
  };
  error?: string | null;
}
/**
 * End the turn with this id, or this run of the same caller; without either, every turn of this socket.
 */
export interface Cancel {
  type: "cancel";
  id?: string | null;
  run?: string | null;
}
/**
 * Listen to a run, from the frame after number `after`; its frames have this `id` on this socket.
 */
export interface Resume {
  type: "resume";
  /**
   * the name of a run
   */
  run: string;
  /**
   * the number of a frame, or 0
   */
  after?: number;
  id?: string | null;
}
/**
 * A fresh token for the one who opened this socket.
 */
export interface Auth {
  type: "auth";
  /**
   * a string of 1 to 8,192 characters
   */
  token: string;
}
/**
 * Answer one call of a running turn: with its `result`, or with the `error` that it ended in.
 */
export interface ToolResult {
  type: "tool_result";
  /**
   * the id of a running turn
   */
  id: string;
  /**
   * the name of a call, of at most 256 characters
   */
  call: string;
  /**
   * any JSON
   */
  result?: {
    [k: string]: unknown;
  };
  error?: string | null;
}
/**
 * The first frame of a turn with grace: the name of its run, and where its question is stored.
 */
export interface Started {
  type: "started";
  id: string;
  run: string;
  conversation: string | null;
  question: string | null;
  seq: number;
}
/**
 * The next piece of the answer, never empty. `seq` is its number in a run; absent in a turn without grace.
 */
export interface Delta {
  type: "delta";
  id: string;
  text: string;
  seq?: number;
}
/**
 * The next piece of the model's summary of its thoughts, never empty.
 */
export interface Thought {
  type: "thought";
  id: string;
  text: string;
  seq?: number;
}
/**
 * A page that the answer rests on; each comes once, before the citations that name it.
 */
export interface Source {
  type: "source";
  id: string;
  seq?: number;
  index: number;
  title: string | null;
  uri: string | null;
}
/**
 * A piece of the answer, in code points of its whole text, and its sources; after the text that it cites.
 */
export interface Citation {
  type: "citation";
  id: string;
  seq?: number;
  start: number;
  end: number;
  sources: number[];
}
/**
 * The queries of a search, and the provider's suggestions, to be shown unchanged.
 */
export interface Search {
  type: "search";
  id: string;
  seq?: number;
  queries: string[];
  html: string | null;
}
/**
 * Code that the model runs.
 */
export interface Code {
  type: "code";
  id: string;
  seq?: number;
  call: string;
  language: string;
  code: string;
}
/**
 * The outcome of code that the model ran.
 */
export interface CodeResult {
  type: "code_result";
  id: string;
  seq?: number;
  call: string;
  outcome: "deadline_exceeded" | "failed" | "ok";
  output: string;
}
/**
 * A picture or another file that the model made, kept as a file of the caller's: `file` is its id.
 *
 *     Where it could not be kept, `file` is null, and `error` is the code of the reason.
 */
export interface FileFrame {
  type: "file";
  id: string;
  file: string | null;
  media_type: string;
  name: string;
  size: number;
  seq?: number;
  error?: string;
}
/**
 * A call of a function. The turn waits for its `tool_result`; over HTTP it ends.
 */
export interface ToolCall {
  type: "tool_call";
  id: string;
  seq?: number;
  call: string;
  name: string;
  arguments: {};
}
/**
 * The end of a turn that was answered or cancelled.
 */
export interface Usage {
  type: "usage";
  id: string;
  seq?: number;
  state?: string;
  model: string;
  finish_reason: string | null;
  input_tokens: number | null;
  output_tokens: number | null;
  thought_tokens: number | null;
  tool_tokens: number | null;
  cached_tokens: number | null;
  total_tokens: number | null;
  measured: "partial" | "reported" | "unknown";
  first_delta_ms: number | null;
  duration_ms: number;
  cost_usd: number | null;
  conversation: string | null;
  question: string | null;
  message: string | null;
  search_queries?: number;
  modalities?: Modalities;
}
/**
 * The tokens of a turn by modality: `text`, `image`, `audio`, `video`, `document`, or a later word of the provider.
 *
 *     Those of a kind add up to its count. A kind whose modalities the provider did not send is absent.
 */
export interface Modalities {
  input?: {
    [k: string]: number;
  };
  output?: {
    [k: string]: number;
  };
  tool?: {
    [k: string]: number;
  };
  cached?: {
    [k: string]: number;
  };
}
/**
 * The end of a turn that failed, or a refusal. Only the former carries the turn's `id`.
 */
export interface ErrorFrame {
  type: "error";
  id: string | null;
  ref: string | null;
  code: string;
  message: string;
  field: string | null;
  retryable: boolean;
  retry_after: number | null;
  usage: UsageFigures | null;
  seq?: number;
}
/**
 * The usage of a turn: tokens, milliseconds, dollars. A figure that is not known is null, never 0.
 *
 *     `conversation`, `question` and `message` are the ids of what is stored of a turn; `message` is its answer.
 *     `search_queries` is absent where the model did not search, `modalities` where all that was counted is text.
 */
export interface UsageFigures {
  model: string;
  finish_reason: string | null;
  input_tokens: number | null;
  output_tokens: number | null;
  thought_tokens: number | null;
  tool_tokens: number | null;
  cached_tokens: number | null;
  total_tokens: number | null;
  measured: "partial" | "reported" | "unknown";
  first_delta_ms: number | null;
  duration_ms: number;
  cost_usd: number | null;
  conversation: string | null;
  question: string | null;
  message: string | null;
  search_queries?: number;
  modalities?: Modalities;
}
/**
 * The models on offer; the default one is asked when a chat names none. `any` says if others may be named, too.
 *
 *     `tools` are those of the provider that a chat may name; absent where there are none. `standin` is true where no real
 *     model is behind them; absent elsewhere.
 */
export interface ModelList {
  default: string;
  models: string[];
  any: boolean;
  titles: boolean;
  public_shares: boolean;
  facts: ModelFacts[];
  tools?: ("code" | "search" | "url_context")[];
  standin?: boolean;
}
/**
 * The facts of one model; null for what is not known. Prices are dollars for a million tokens.
 */
export interface ModelFacts {
  name: string;
  context_tokens: number | null;
  input_usd: number | null;
  output_usd: number | null;
  thinking: boolean;
}
/**
 * One conversation. A turn uses those of the `settings` that its own request leaves out.
 */
export interface Conversation {
  id: string;
  title: string;
  created: number;
  updated: number;
  pinned: boolean;
  archived: boolean;
  folder: string | null;
  message?: string;
  excerpt?: string;
  settings: ConversationSettings;
}
/**
 * The settings that a conversation keeps for its turns. Functions of a client are not among them.
 */
export interface ConversationSettings {
  model?: string | null;
  system?: string | null;
  temperature?: number | null;
  top_p?: number | null;
  max_output_tokens?: number | null;
  stop?:
    | [string]
    | [string, string]
    | [string, string, string]
    | [string, string, string, string]
    | [string, string, string, string, string]
    | null;
  thinking?: ("high" | "low" | "medium" | "off") | null;
  tools?:
    | []
    | ["code" | "search" | "url_context"]
    | ["code" | "search" | "url_context", "code" | "search" | "url_context"]
    | ["code" | "search" | "url_context", "code" | "search" | "url_context", "code" | "search" | "url_context"]
    | null;
}
/**
 * A conversation and all its messages, in the order in which they were written.
 *
 *     `runs` are its turns with grace that have not ended; absent where there are none.
 */
export interface ConversationTree {
  id: string;
  title: string;
  created: number;
  updated: number;
  pinned: boolean;
  archived: boolean;
  folder: string | null;
  message?: string;
  excerpt?: string;
  settings: ConversationSettings;
  messages: Message[];
  runs?: LiveRun[];
}
/**
 * One message of a conversation's tree.
 *
 *     A question is not `answered` while its answer runs, nor after a crash that lost the answer. An answer has the
 *     `finish_reason` of its end, or the `error` that broke it off, a code of the error table. Lists of other parts, such
 *     as `sources`, are left out where they are empty. `request` is the server's id of the request that it came with, as
 *     in the log and in `X-Request-Id`; null for what was imported.
 */
export interface Message {
  id: string;
  parent: string | null;
  role: "model" | "user";
  text: string;
  thoughts: string;
  model: string | null;
  finish_reason: string | null;
  error: string | null;
  answered: boolean | null;
  usage: UsageFigures | null;
  created: number;
  request: string | null;
  citations?: ShownCitation[];
  searches?: ShownSearch[];
  code?: ShownCode[];
  code_results?: ShownCodeResult[];
  tool_calls?: ShownCall[];
  files?: ShownFile[];
  sources?: ShownSource[];
}
/**
 * A piece of the answer, in code points of its whole text, and the indexes of the sources that it rests on.
 */
export interface ShownCitation {
  start: number;
  end: number;
  sources: number[];
}
/**
 * The queries of a search, and the provider's suggestions, to be shown unchanged; null where there are none.
 */
export interface ShownSearch {
  queries: string[];
  html: string | null;
}
/**
 * Code that the model runs.
 */
export interface ShownCode {
  call: string;
  language: string;
  code: string;
}
/**
 * The outcome of code that the model ran; `call` is that of its code.
 */
export interface ShownCodeResult {
  call: string;
  outcome: "deadline_exceeded" | "failed" | "ok";
  output: string;
}
/**
 * A call of a function that the client answers.
 */
export interface ShownCall {
  call: string;
  name: string;
  arguments: {};
}
/**
 * A file of a message, as `GET /files/{id}` names it.
 */
export interface ShownFile {
  id: string;
  name: string;
  type: string;
  size: number;
}
/**
 * A page that the answer rests on. A title or an address that the provider does not name is null.
 */
export interface ShownSource {
  index: number;
  title: string | null;
  uri: string | null;
}
/**
 * A turn with grace that has not ended, and the id of its question.
 */
export interface LiveRun {
  run: string;
  question: string | null;
  state: "ended" | "opening" | "streaming" | "waiting";
}
/**
 * A page of conversations, the last changed first; `next` is the cursor of the next page.
 */
export interface ConversationPage {
  conversations: ListedConversation[];
  next: string | null;
}
/**
 * A conversation in a list. Times are seconds since 1970; `updated` is the time of its last question or answer.
 */
export interface ListedConversation {
  id: string;
  title: string;
  created: number;
  updated: number;
  pinned: boolean;
  archived: boolean;
  folder: string | null;
  message?: string;
  excerpt?: string;
}
/**
 * A caller's own figures, the last day first, and their limits.
 */
export interface UsageReport {
  days: DayUsage[];
  limits: Standing[];
}
/**
 * The use of one day, which begins and ends in UTC.
 */
export interface DayUsage {
  day: string;
  models: ModelUsage[];
}
/**
 * The use of one model in a day. An unknown figure is null, never 0.
 *
 *     The tokens leave out the `uncounted_turns`, for which the provider reported no counts. `cost_usd` leaves out the
 *     `unpriced_turns`. A figure that leaves out all turns is null.
 */
export interface ModelUsage {
  model: string;
  turns: number;
  input_tokens: number | null;
  output_tokens: number | null;
  thought_tokens: number | null;
  tool_tokens: number | null;
  cached_tokens: number | null;
  total_tokens: number | null;
  cost_usd: number | null;
  uncounted_turns: number;
  unpriced_turns: number;
}
/**
 * A limit, and how much of it is left: for one model, or for all together where `model` is null.
 *
 *     `resets_in` is the seconds until more is left; null for turns at once, where it is not known.
 */
export interface Standing {
  limit: string;
  model: string | null;
  allowed: number;
  left: number;
  resets_in: number | null;
}
/**
 * All folders of a caller, by name.
 */
export interface FolderList {
  folders: Folder[];
}
/**
 * A folder of conversations. Times are seconds since 1970.
 */
export interface Folder {
  id: string;
  name: string;
  created: number;
}
/**
 * All prompts of a caller, by name.
 */
export interface PromptList {
  prompts: Prompt[];
}
/**
 * A prompt that a caller keeps; the chat page offers it as the command `/name`.
 */
export interface Prompt {
  id: string;
  name: string;
  text: string;
  created: number;
}
/**
 * All links of a caller that have not expired, the newest first.
 */
export interface ShareList {
  shares: Share[];
}
/**
 * A link that has not expired. Times are seconds since 1970; a `public` one needs no authentication.
 */
export interface Share {
  id: string;
  conversation: string;
  message: string;
  title: string;
  public: boolean;
  created: number;
  expires: number;
}
/**
 * A new link. Its `token` is sent only here: the server keeps a digest of it.
 */
export interface MadeShare {
  id: string;
  conversation: string;
  message: string;
  title: string;
  public: boolean;
  created: number;
  expires: number;
  token: string;
}
/**
 * The content of a link: the messages of one branch, the first question first.
 */
export interface SharedConversation {
  title: string;
  created: number;
  expires: number;
  messages: SharedMessage[];
}
/**
 * One message of what is shared; `created` is in seconds since 1970.
 */
export interface SharedMessage {
  role: "model" | "user";
  text: string;
  model: string | null;
  created: number;
}
/**
 * The results for the conversations of an import, in their order.
 */
export interface ImportReport {
  conversations: ImportedConversation[];
}
/**
 * The result of importing one conversation: its `id`, or the code and the sentence of the `error`.
 */
export interface ImportedConversation {
  title: string;
  id?: string | null;
  code?: string | null;
  error?: string | null;
}
