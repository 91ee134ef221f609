/** Stands below an answer that may go on at the server, and is not heard at the moment. */
export function Reconnecting() {
  return <p className="text-muted-foreground text-sm">Reconnecting. The rest of the answer follows.</p>;
}
