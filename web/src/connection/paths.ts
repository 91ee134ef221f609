// Every path that the page asks the server for. `Api` takes no other, and vite.config.ts proxies all of them.

export const PATHS = {
  socket: "/ws",
  readiness: "/readyz",
  models: "/models",
  usage: "/usage",
  conversations: "/conversations",
  runs: "/runs",
  folders: "/folders",
  prompts: "/prompts",
  shares: "/shares",
  shared: "/shared",
  files: "/files",
} as const;

type Path = (typeof PATHS)[keyof typeof PATHS];

/** One of these, alone or with what is below it or a query. */
export type ApiPath = Path | `${Path}/${string}` | `${Path}?${string}`;
