// The page's addresses. All but the open ones need a session; where the user was going is kept in `next`. Views are
// loaded when first visited, but for the live grid, which most people come for.

import { createRouter, createWebHistory, type RouteLocationNormalized, type Router, type RouterHistory, type RouteRecordRaw } from 'vue-router';
import { basePath } from './base';
import { dropOffer, offerAhead } from './rtc/whep';
import { useServer } from './stores/server';
import { useSession } from './stores/session';
import { strings } from './strings';
import LiveView from './views/LiveView.vue';

const watchView = () => import('./views/WatchView.vue');

/**
 * `watches`: shows live pictures. `open`: without a session. `bare`: without the navigation around it. `admin`: for
 * administrators only. `manages`: for who may add cameras. `title` stands in the window's title.
 */
const routes: RouteRecordRaw[] = [
  { path: '/', name: 'live', component: LiveView, meta: { title: strings.live.title, watches: true } },
  {
    path: '/watch/:stream',
    name: 'watch',
    component: watchView,
    props: true,
    meta: { title: strings.live.title, watches: true },
  },
  { path: '/login', name: 'login', component: () => import('./views/LoginView.vue'), meta: { title: strings.account.signIn, open: true, bare: true } },
  { path: '/setup', name: 'setup', component: () => import('./views/SetupView.vue'), meta: { title: strings.account.setup, open: true, bare: true } },
  { path: '/invite', name: 'invite', component: () => import('./views/InviteView.vue'), meta: { title: strings.account.invite, open: true, bare: true } },
  { path: '/password', name: 'password', component: () => import('./views/PasswordView.vue'), meta: { title: strings.shell.changePassword } },
  { path: '/trust', name: 'trust', component: () => import('./views/TrustView.vue'), meta: { title: strings.shell.trust, open: true } },
  { path: '/privacy', name: 'privacy', component: () => import('./views/PrivacyView.vue'), meta: { title: strings.shell.privacy, open: true } },
  // Cameras, users, settings and the phone camera.
  { path: '/cameras', name: 'cameras', component: () => import('./views/cameras/CamerasView.vue'), meta: { title: strings.shell.cameras } },
  { path: '/cameras/new', name: 'camera-new', component: () => import('./views/cameras/CameraNewView.vue'), meta: { title: strings.shell.cameras, manages: true } },
  { path: '/cameras/:id', name: 'camera', component: () => import('./views/cameras/CameraEditView.vue'), props: true, meta: { title: strings.shell.cameras } },
  { path: '/users', name: 'users', component: () => import('./views/users/UsersView.vue'), meta: { title: strings.shell.users, admin: true } },
  { path: '/settings', name: 'settings', component: () => import('./views/settings/SettingsView.vue'), meta: { title: strings.shell.settings } },
  { path: '/phone', name: 'phone', component: () => import('./views/phone/PhoneView.vue'), meta: { title: strings.shell.phone, open: true, bare: true } },
  { path: '/publish/:stream', name: 'publish', redirect: (to) => ({ name: 'phone', hash: `#stream=${encodeURIComponent(String(to.params['stream']))}` }) },
  { path: '/camera.html', redirect: '/phone' },
  { path: '/admin.html', redirect: '/' },
  { path: '/:rest(.*)*', name: 'not-found', component: () => import('./views/NotFoundView.vue'), meta: { title: strings.shell.notFound, open: true } },
];

export function createPageRouter(history: RouterHistory = createWebHistory(basePath)): Router {
  const router = createRouter({ history, routes });
  router.beforeEach(async (to) => {
    const session = useSession();
    const known = session.signedIn || (await restored(to));
    // Who is signed in has no use for the login page.
    if (to.name === 'login' && known) return safeNext(to.query['next']);
    if (to.meta['open']) return true;
    if (!known) return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } };
    if (to.meta['manages'] && !session.managesCameras) return { name: 'cameras' };
    return to.meta['admin'] && !session.isAdmin ? { name: 'live' } : true;
  });
  router.afterEach((to) => {
    document.title = `${String(to.meta['title'] ?? strings.live.title)} · ${strings.common.product}`;
  });
  return router;
}

/** What a page with live pictures will need, got ready while the server says who is there. */
function getReady(to: RouteLocationNormalized): void {
  if (to.meta['watches'] !== true || document.visibilityState === 'hidden') return;
  if (to.name === 'watch') watchView().catch(() => undefined); // told when it is visited
  offerAhead();
}

/** Whether the browser still has a session; waits for a server that is away, which then says so at the top. */
async function restored(to: RouteLocationNormalized): Promise<boolean> {
  for (;;) {
    try {
      const known = await useSession().restore(() => getReady(to));
      if (!known) dropOffer();
      return known;
    } catch {
      await useServer().back();
    }
  }
}

/** Where to go after login: only an address of this page, never another site's. */
export function safeNext(next: unknown): string {
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) ? next : '/';
}
