// Puts a MediaStream into a video element and says how it goes: whether there is a picture, whether the browser wants a
// click first, and the latency of what is shown.

import { onBeforeUnmount, onMounted, ref, watch, type Ref } from 'vue';
import { followFrames, LatencyMeter } from '../rtc/latency';

export function usePlayback(video: Readonly<Ref<HTMLVideoElement | null>>, media: Readonly<Ref<MediaStream | null>>) {
  const hasPicture = ref(false);
  const blocked = ref(false);
  const meter = new LatencyMeter();
  let stopFollowing = () => {};

  async function play(): Promise<void> {
    try {
      await video.value?.play();
      blocked.value = false;
    } catch (error) {
      // AbortError means that a newer stream took the element over; it plays by itself.
      blocked.value = error instanceof DOMException && error.name === 'NotAllowedError';
    }
  }

  function show(stream: MediaStream | null): void {
    const element = video.value;
    if (!element) return;
    meter.reset();
    hasPicture.value = false;
    element.srcObject = stream;
    if (stream) void play();
  }

  const onPicture = () => (hasPicture.value = true);

  watch(media, show, { flush: 'post' });
  onMounted(() => {
    const element = video.value;
    if (!element) return;
    // Vue sets `muted` as a property only after the element is there, and browsers ask for it before they play.
    element.muted = true;
    element.addEventListener('loadeddata', onPicture);
    stopFollowing = followFrames(element, meter);
    if (media.value) show(media.value);
  });
  onBeforeUnmount(() => {
    stopFollowing();
    const element = video.value;
    element?.removeEventListener('loadeddata', onPicture);
    if (element) element.srcObject = null;
  });

  return { hasPicture, blocked, play, latencyMs: () => meter.ms };
}
