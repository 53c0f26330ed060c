// Who is signed in. The access token lives in memory only; what lasts over a reload is the refresh token, which the
// server keeps in a cookie that no script can read. It never holds a password.

import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { ApiError, requestJson, type RequestOptions } from '../api/http';
import type { LoginAnswer, User } from '../api/types';
import { strings } from '../strings';
import { useServer } from './server';

interface Held {
  token: string;
  user: User;
}

/** A token is renewed when this much of its life is over, and at the latest so long before its end. */
const renewAt = 0.8;
const renewBeforeMs = 60_000;
const longestTimerMs = 2 ** 31 - 1;
const renewAgainMs = 10_000;
const longestWaitMs = 15_000; // for another tab's renewal

/** Only a hint, so that who was never here is not asked for a cookie: nothing secret is kept. */
const hintKey = 'reallive.wasHere';

/** One tab at a time: the cookie is good for one use, and two that send the same one look like a thief and its owner. */
function oneTabAtATime<T>(work: () => Promise<T>): Promise<T> {
  const locks = navigator.locks as LockManager | undefined; // not there on pages without TLS
  if (!locks) return work();
  return locks.request('reallive.refresh', { signal: AbortSignal.timeout(longestWaitMs) }, work) as Promise<T>;
}

function hint(set?: boolean): boolean {
  try {
    if (set === true) localStorage.setItem(hintKey, '1');
    if (set === false) localStorage.removeItem(hintKey);
    return localStorage.getItem(hintKey) === '1';
  } catch {
    return true;
  }
}

export const useSession = defineStore('session', () => {
  const server = useServer();
  const held = ref<Held | null>(null);
  /** Why the login page is shown, when the user did not ask for it. */
  const notice = ref('');

  const token = computed(() => held.value?.token ?? null);
  const user = computed(() => held.value?.user ?? null);
  const signedIn = computed(() => held.value !== null);
  const isAdmin = computed(() => user.value?.role === 'admin');
  /** May add cameras, and change those of their own. */
  const managesCameras = computed(() => isAdmin.value || user.value?.role === 'operator');

  let timer: ReturnType<typeof setTimeout> | undefined;
  let refreshing: Promise<boolean> | null = null;
  let restoring: Promise<boolean> | null = null;

  function renewIn(ms: number): void {
    clearTimeout(timer);
    // Where it fails, refresh() has seen to the next time.
    timer = setTimeout(() => void refresh().catch(() => undefined), Math.min(ms, longestTimerMs));
  }

  function accept(answer: LoginAnswer): void {
    held.value = { token: answer.token, user: answer.user };
    notice.value = '';
    hint(true);
    const life = answer.expiresIn * 1000;
    renewIn(Math.max(life * 0.5, Math.min(life * renewAt, life - renewBeforeMs)));
  }

  /** Login, set-up, invitation: whatever answers with a session. The refresh token goes into the cookie. */
  async function enter(path: string, body: Record<string, unknown>): Promise<void> {
    accept(await requestJson<LoginAnswer>(path, { method: 'POST', body }));
  }

  function login(username: string, password: string, remember: boolean): Promise<void> {
    return enter('/api/v1/auth/login', { username, password, remember });
  }

  /** A new token for the cookie; false when the cookie is no longer good. `onAsked`: the question is on its way. */
  function refresh(onAsked?: () => void): Promise<boolean> {
    refreshing ??= (async () => {
      const before = held.value;
      try {
        const answer = await oneTabAtATime(() => {
          const coming = requestJson<LoginAnswer>('/api/v1/auth/refresh', { method: 'POST', body: {} });
          onAsked?.();
          return coming;
        });
        // Who signed out, or in anew, meanwhile has decided otherwise.
        if (held.value === before) accept(answer);
        return true;
      } catch (error) {
        const status = error instanceof ApiError ? error.status : 0;
        if (status >= 400 && status < 500 && status !== 429) {
          hint(false);
          if (before && held.value === before) end(strings.account.ended);
          return false;
        }
        // The server is away or busy: the present token may still be good, and the cookie is.
        server.doubt();
        renewIn(renewAgainMs);
        throw error;
      }
    })().finally(() => {
      refreshing = null;
    });
    return refreshing;
  }

  /**
   * At page load: the session that the cookie stands for, once. Rejects while the server cannot say. `onAsked` is called
   * as soon as the question is on its way: what can be got ready meanwhile delays it no more.
   */
  function restore(onAsked?: () => void): Promise<boolean> {
    if (held.value) return Promise.resolve(true);
    if (!hint()) return Promise.resolve(false);
    restoring ??= refresh(onAsked).finally(() => {
      restoring = null;
    });
    return restoring;
  }

  function end(reason = ''): void {
    clearTimeout(timer);
    held.value = null;
    notice.value = reason;
  }

  async function logout(): Promise<void> {
    const used = token.value;
    end();
    hint(false);
    // The cookie goes with the server's answer; a server that is away leaves it to expire.
    await requestJson('/api/v1/auth/logout', { method: 'POST', body: {}, token: used }).catch(() => undefined);
  }

  async function changePassword(currentPassword: string, newPassword: string): Promise<void> {
    accept(await request<LoginAnswer>('/api/v1/auth/password', { method: 'PUT', body: { currentPassword, newPassword } }));
  }

  /** A token was refused: try the cookie, else the login page. Given the token that was refused. */
  async function expired(used: string | null = token.value): Promise<boolean> {
    if (!held.value) return false;
    if (used !== token.value) return true; // it was an older one
    try {
      return await refresh();
    } catch {
      return false;
    }
  }

  /** A request in the user's name. A token that is no longer good is renewed once; else the session ends. */
  async function request<T>(path: string, options: Omit<RequestOptions, 'token'> = {}): Promise<T> {
    const used = token.value;
    try {
      return await requestJson<T>(path, { ...options, token: used });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if ([0, 502, 503, 504].includes(error.status)) server.doubt();
      if (error.status !== 401 || !(await expired(used))) throw error;
      return requestJson<T>(path, { ...options, token: token.value });
    }
  }

  return { token, user, signedIn, isAdmin, managesCameras, notice, enter, login, logout, restore, refresh, changePassword, end, expired, request };
});
