// The page's addresses. Everything but the login page needs a session; where the user was going is kept in `next`.

import { createRouter, createWebHistory, type Router, type RouterHistory } from 'vue-router';
import { useSession } from './stores/session';
import CameraView from './views/CameraView.vue';
import GridView from './views/GridView.vue';
import LoginView from './views/LoginView.vue';
import PublishView from './views/PublishView.vue';

export function createPageRouter(history: RouterHistory = createWebHistory()): Router {
  const router = createRouter({
    history,
    routes: [
      { path: '/login', name: 'login', component: LoginView, meta: { title: 'Sign in', open: true } },
      { path: '/', name: 'grid', component: GridView, meta: { title: 'Live' } },
      { path: '/watch/:stream', name: 'watch', component: CameraView, props: true, meta: { title: 'Live' } },
      { path: '/publish/:stream', name: 'publish', component: PublishView, props: true, meta: { title: 'Publish' } },
      { path: '/:rest(.*)*', redirect: '/' },
    ],
  });
  router.beforeEach((to) => {
    if (to.meta['open'] || useSession().signedIn) return true;
    return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } };
  });
  router.afterEach((to) => {
    document.title = `${String(to.meta['title'] ?? 'Live')} · RealLive`;
  });
  return router;
}

/** Where to go after login: only an address of this page, never another site's. */
export function safeNext(next: unknown): string {
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) ? next : '/';
}
