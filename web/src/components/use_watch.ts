// Ties a Link that watches a stream to a component's life: runs while the component is there and `active`, follows the
// stream's name. The last picture stays while it pauses.

import { onBeforeUnmount, onMounted, ref, shallowRef, watch as observe } from 'vue';
import { FiguresMeter, type Figures } from '../rtc/figures';
import type { Link, LinkStatus } from '../rtc/link';
import { watch } from '../rtc/whep';
import { useServer } from '../stores/server';
import { useSession } from '../stores/session';

export function useWatch(stream: () => string, active: () => boolean = () => true) {
  const session = useSession();
  const server = useServer();
  const status = ref<LinkStatus>({ state: 'idle', reason: '' });
  const media = shallowRef<MediaStream | null>(null);
  const figures = shallowRef<Figures | null>(null);
  const catchingUp = ref(false);
  const meter = new FiguresMeter();
  let link: Link | null = null;
  let delivered = false;
  let used: string | null = null;
  let renewedAt = -Infinity;

  function begin(): void {
    meter.reset();
    figures.value = null;
    link = watch({
      stream: stream(),
      token: () => (used = session.token),
      onStatus(next) {
        status.value = next;
        if (next.state === 'reconnecting') server.doubt();
      },
      onStats: (report) => (figures.value = meter.update(report, performance.now())),
      // The picture before stays until the next one comes; without one, the element gets ready meanwhile.
      onMedia(next, delivers) {
        delivered ||= delivers;
        if (delivers || !delivered) media.value = next;
      },
      onCatchingUp: (on) => (catchingUp.value = on),
      onUnauthorized: () => void renew(),
    });
    link.start();
  }

  /** The token was refused: once more with a new one, if there is one. Twice in a row is the server's last word. */
  async function renew(): Promise<void> {
    if (performance.now() - renewedAt < 30_000) return;
    renewedAt = performance.now();
    const mine = link;
    if (!(await session.expired(used)) || link !== mine) return;
    end();
    begin();
  }

  function end(): void {
    link?.stop();
    link = null;
  }

  onMounted(() => {
    if (active()) begin();
  });
  onBeforeUnmount(() => {
    end();
    media.value = null;
  });
  observe([stream, active], ([name, on], [before]) => {
    end();
    if (name !== before) {
      media.value = null;
      delivered = false;
    }
    if (on) begin();
  });

  observe(
    () => server.away,
    (away) => {
      if (!away) link?.retryNow();
    },
  );

  return { status, media, figures, catchingUp, retryNow: () => link?.retryNow() };
}
