import { useEffect, useState } from "react";

/** So long after midnight no clock says that it is still to come. */
const LATE_MS = 1_000;

/** The day as it is now, as a date at its midnight; another one when the day has ended. */
export function useToday(): Date {
  const [today, setToday] = useState(midnight);
  useEffect(() => {
    const refresh = () => setToday((before) => (before.getTime() === midnight().getTime() ? before : midnight()));
    const tomorrow = new Date(today.getFullYear(), today.getMonth(), today.getDate() + 1);
    const timer = setTimeout(refresh, tomorrow.getTime() - Date.now() + LATE_MS);
    document.addEventListener("visibilitychange", refresh); // a timer may have slept with the machine
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", refresh);
    };
  }, [today]);
  return today;
}

/** The midnight with which this day began, by the clock and the time zone of this machine. */
function midnight(): Date {
  const now = new Date();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate());
}
