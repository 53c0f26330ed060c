// One request to the server's API: adds the bearer token, answers parsed JSON, and turns every failure into an
// ApiError whose message a person can read. It never stores anything and never retries.

import { at } from '../base';
import { strings } from '../strings';

export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 when the server could not be reached. */
    readonly status: number,
    readonly code: string,
    message: string,
    /** From `Retry-After`, when the server gave it in seconds. */
    readonly retryAfterMs: number | null = null,
    /** The field of the request, or the key of the setting, that is at fault, where the server names one. */
    readonly field: string | null = null,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/**
 * The server's words as they can stand among the page's own: with a full stop, and a capital where they begin with a
 * word and not with a name such as log.level.
 */
export function sentence(said: string): string {
  const text = said.trim().replace(/^[a-z]+(?=[\s,]|$)/, (word) => word.charAt(0).toUpperCase() + word.slice(1));
  return text && text + (/[.!?…]$/.test(text) ? '' : '.');
}

export interface RequestOptions {
  method?: string;
  body?: unknown;
  token?: string | null;
  signal?: AbortSignal;
}

export function unreachable(): ApiError {
  return new ApiError(0, 'UNREACHABLE', strings.link.unreachable);
}

export function retryAfterMs(response: Response): number | null {
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}

/** The error that an answer carries in its body, in the API's form or as plain text. */
export async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  let code = `HTTP_${response.status}`;
  let message = '';
  let field: string | null = null;
  try {
    const { error } = JSON.parse(text) as {
      error?: { code?: unknown; message?: unknown; details?: { field?: unknown; key?: unknown } | null };
    };
    const named = error?.details?.field ?? error?.details?.key;
    if (typeof named === 'string') field = named;
    if (typeof error?.code === 'string') code = error.code;
    if (typeof error?.message === 'string') message = error.message;
  } catch {
    if (!text.trimStart().startsWith('<')) message = text.trim().slice(0, 300);
  }
  return new ApiError(
    response.status,
    code,
    sentence(message) || strings.link.answered(response.status),
    retryAfterMs(response),
    field,
  );
}

export async function requestJson<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (options.token) headers['Authorization'] = `Bearer ${options.token}`;
  const init: RequestInit = { method: options.method ?? 'GET', headers, cache: 'no-store' };
  if (options.body !== undefined) {
    headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(options.body);
  }
  if (options.signal) init.signal = options.signal;
  let response: Response;
  try {
    response = await fetch(at(path), init);
  } catch {
    throw unreachable();
  }
  if (!response.ok) throw await errorOf(response);
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(response.status, 'BAD_ANSWER', strings.link.unreadable);
  }
}
