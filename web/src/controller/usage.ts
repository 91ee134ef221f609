// What the reader has used, loaded for the panel that shows it.

import type { Api } from "../connection/api";
import { PATHS } from "../connection/paths";
import type { UsageReport } from "../protocol/frames";

/** Ask what the reader used today, and what is left; null when the server does not say. */
export async function loadUsage(api: Api): Promise<UsageReport | null> {
  try {
    return (await (await api.request(`${PATHS.usage}?days=1`)).json()) as UsageReport;
  } catch {
    return null;
  }
}
