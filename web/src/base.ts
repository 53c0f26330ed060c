// Where the page lives: the server writes its base path into <base href> of index.html, so that the same build works
// under any prefix. Addresses of the API and of media are made here and nowhere else.

/** Always begins and ends with a slash. */
export const basePath: string = new URL('.', document.baseURI).pathname;

/** `/api/v1/info` under the page's prefix. */
export function at(path: string): string {
  return basePath + path.replace(/^\//, '');
}

/** The same as a whole address, for links that leave this page. */
export function absolute(path: string): string {
  return new URL(at(path), window.location.origin).href;
}

/** The same as a WebSocket address. */
export function socketAddress(path: string): string {
  return absolute(path).replace(/^http/, 'ws');
}
