// The viewer's sound: an audio element of its own beside the silent video, because phones stop a video with the screen
// off and let an audio element go on. The volume and whether it was on are kept for the next time.

import { onBeforeUnmount, ref, watch, type Ref } from 'vue';
import { strings } from '../strings';

const storageKey = 'reallive.sound';

interface Kept {
  on: boolean;
  volume: number;
}

function restore(): Kept {
  try {
    const kept = JSON.parse(localStorage.getItem(storageKey) ?? 'null') as Partial<Kept> | null;
    const volume = typeof kept?.volume === 'number' && kept.volume >= 0 && kept.volume <= 1 ? kept.volume : 1;
    return { on: kept?.on === true, volume };
  } catch {
    return { on: false, volume: 1 };
  }
}

export function useSound(
  audio: Readonly<Ref<HTMLAudioElement | null>>,
  media: Readonly<Ref<MediaStream | null>>,
  title: () => string,
) {
  const kept = restore();
  const on = ref(kept.on);
  const volume = ref(kept.volume);
  const available = ref(false);

  function keep(): void {
    try {
      localStorage.setItem(storageKey, JSON.stringify({ on: on.value, volume: volume.value }));
    } catch {
      // Then it is forgotten with the page.
    }
  }

  /** Names what is heard on the lock screen, whose buttons steer it. */
  function announce(): void {
    if (!('mediaSession' in navigator)) return;
    navigator.mediaSession.metadata = on.value
      ? new MediaMetadata({ title: title(), artist: strings.common.product, album: strings.live.listening })
      : null;
    navigator.mediaSession.playbackState = on.value ? 'playing' : 'none';
    const handler = (next: boolean | null) => (next === null ? null : () => set(next));
    navigator.mediaSession.setActionHandler('play', handler(true));
    navigator.mediaSession.setActionHandler('pause', handler(false));
    navigator.mediaSession.setActionHandler('stop', handler(false));
  }

  async function follow(): Promise<void> {
    const element = audio.value;
    if (!element) return;
    element.muted = !on.value;
    element.volume = volume.value;
    announce();
    if (!on.value || !element.srcObject) {
      element.pause();
      return;
    }
    try {
      await element.play();
    } catch (error) {
      // Without a click the browser plays no sound: then it is off until somebody asks for it.
      if (error instanceof DOMException && error.name === 'NotAllowedError') on.value = false;
    }
  }

  function set(next: boolean): void {
    on.value = next;
    keep();
    void follow();
  }

  function setVolume(next: number): void {
    volume.value = Math.min(1, Math.max(0, Math.round(next * 100) / 100));
    set(volume.value > 0);
  }

  watch(
    media,
    (stream) => {
      const tracks = stream?.getAudioTracks?.() ?? [];
      available.value = tracks.length > 0;
      if (audio.value) audio.value.srcObject = tracks.length ? new MediaStream(tracks) : null;
      void follow();
    },
    { flush: 'post' },
  );
  onBeforeUnmount(() => {
    if (audio.value) audio.value.srcObject = null;
    if (!('mediaSession' in navigator)) return;
    navigator.mediaSession.metadata = null;
    navigator.mediaSession.playbackState = 'none';
    for (const action of ['play', 'pause', 'stop'] as const) navigator.mediaSession.setActionHandler(action, null);
  });

  return { on, volume, available, toggle: () => set(!on.value), setVolume };
}
