// Ties a Link that watches a stream to a component's life: begins when it is mounted, follows the stream's name, ends
// when it goes.

import { onBeforeUnmount, onMounted, ref, shallowRef, watch as observe } from 'vue';
import { FiguresMeter, type Figures } from '../rtc/figures';
import type { Link, LinkStatus } from '../rtc/link';
import { watch } from '../rtc/whep';
import { useSession } from '../stores/session';

export function useWatch(stream: () => string) {
  const session = useSession();
  const status = ref<LinkStatus>({ state: 'idle', reason: '' });
  const media = shallowRef<MediaStream | null>(null);
  const figures = shallowRef<Figures | null>(null);
  const meter = new FiguresMeter();
  let link: Link | null = null;

  function begin(): void {
    meter.reset();
    figures.value = null;
    link = watch({
      stream: stream(),
      token: () => session.token,
      createPeer: () => new RTCPeerConnection({ bundlePolicy: 'max-bundle' }),
      onStatus: (next) => (status.value = next),
      onStats: (report) => (figures.value = meter.update(report, performance.now())),
      onMedia: (next) => (media.value = next),
      onUnauthorized: () => session.expired(),
    });
    link.start();
  }

  function end(): void {
    link?.stop();
    link = null;
    media.value = null;
  }

  onMounted(begin);
  onBeforeUnmount(end);
  observe(stream, () => {
    end();
    begin();
  });

  return { status, media, figures, retryNow: () => link?.retryNow() };
}
