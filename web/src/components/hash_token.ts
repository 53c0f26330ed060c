// The token of a link such as /setup#TOKEN. It stands behind the # so that no server, proxy or log sees it; it is taken
// out of the address bar at once, so that it stays in no history or screenshot.

export function takeHashToken(): string {
  const token = decodeURIComponent(window.location.hash.slice(1));
  if (token) window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search);
  return /^[\w.~-]{1,512}$/.test(token) ? token : '';
}
