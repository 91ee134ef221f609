/** The drawings of the first paint. */
export const ICONS = {
  send: "M12 19V6m-6 6 6-6 6 6",
} as const;
