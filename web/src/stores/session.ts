// Who is signed in. The token lives in memory and in sessionStorage, so that a reload keeps it and closing the tab
// ends it. It never holds a password.

import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { ApiError, requestJson, type RequestOptions } from '../api/http';
import { useServer } from './server';
import type { LoginAnswer, User } from '../api/types';

const storageKey = 'reallive.session';

interface Kept {
  token: string;
  user: User;
}

function restore(): Kept | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(storageKey) ?? 'null') as Partial<Kept> | null;
    return typeof kept?.token === 'string' && typeof kept.user?.username === 'string' ? (kept as Kept) : null;
  } catch {
    return null;
  }
}

export const useSession = defineStore('session', () => {
  const kept = ref<Kept | null>(restore());
  /** Why the login page is shown, when the user did not ask for it. */
  const notice = ref('');

  const token = computed(() => kept.value?.token ?? null);
  const user = computed(() => kept.value?.user ?? null);
  const signedIn = computed(() => kept.value !== null);
  const isAdmin = computed(() => user.value?.role === 'admin');

  async function login(username: string, password: string): Promise<void> {
    const answer = await requestJson<LoginAnswer>('/api/v1/auth/login', {
      method: 'POST',
      body: { username, password },
    });
    kept.value = { token: answer.token, user: answer.user };
    notice.value = '';
    try {
      sessionStorage.setItem(storageKey, JSON.stringify(kept.value));
    } catch {
      // Storage may be forbidden; the session then lasts until the page is left.
    }
  }

  function end(reason = ''): void {
    kept.value = null;
    notice.value = reason;
    try {
      sessionStorage.removeItem(storageKey);
    } catch {
      // Nothing was kept then.
    }
  }

  function logout(): Promise<void> {
    end();
    return Promise.resolve();
  }

  function expired(): void {
    if (kept.value) end('Your session has ended. Please sign in again.');
  }

  /** A request in the user's name; 401 ends the session, which leads to the login page. */
  async function request<T>(path: string, options: Omit<RequestOptions, 'token'> = {}): Promise<T> {
    const used = token.value;
    try {
      return await requestJson<T>(path, { ...options, token: used });
    } catch (error) {
      if (error instanceof ApiError && [0, 502, 503, 504].includes(error.status)) useServer().doubt();
      // An answer to an older token says nothing about the present one.
      if (error instanceof ApiError && error.status === 401 && used === token.value) expired();
      throw error;
    }
  }

  return { token, user, signedIn, isAdmin, notice, login, logout, end, expired, request };
});
