/** Wait so many milliseconds, or until the signal comes, or the network or the patient comes back. */
export function pause(ms: number, stop?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop?.removeEventListener("abort", done);
      window.removeEventListener("online", done);
      document.removeEventListener("visibilitychange", seen);
      resolve();
    };
    const seen = () => document.visibilityState === "visible" && done();
    const timer = setTimeout(done, ms);
    stop?.addEventListener("abort", done, { once: true });
    window.addEventListener("online", done, { once: true });
    document.addEventListener("visibilitychange", seen);
  });
}
