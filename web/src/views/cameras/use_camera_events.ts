// Keeps the list's states as fresh as the server's events while a view is looked at: a browser has few connections for
// one server, so a hidden page gives its own back. Without events the list is asked for every few seconds anyway.

import { onBeforeUnmount, onMounted } from 'vue';
import { EventFeed, type ServerEvent } from '../../api/events';
import type { StreamStatus } from '../../api/types';
import { useCameras } from '../../stores/cameras';
import { useSession } from '../../stores/session';

export function useCameraEvents(): void {
  const session = useSession();
  const cameras = useCameras();

  function onEvent({ type, cameraId, data }: ServerEvent): void {
    if (type !== 'camera-status' || typeof data['streamStatus'] !== 'string') return;
    const camera = cameras.items.find(({ id }) => id === cameraId);
    if (camera) camera.streamStatus = data['streamStatus'] as StreamStatus;
    else if (cameras.loaded) void cameras.refresh();
  }

  const feed = new EventFeed({ types: ['camera-status'], token: () => session.token, onEvent });
  const follow = () => (document.visibilityState === 'visible' ? feed.start() : feed.stop());

  onMounted(() => {
    document.addEventListener('visibilitychange', follow);
    follow();
  });
  onBeforeUnmount(() => {
    document.removeEventListener('visibilitychange', follow);
    feed.stop();
  });
}
