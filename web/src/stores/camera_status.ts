// One camera's status, asked for again and again while somebody wants to see it.

import { onBeforeUnmount, shallowRef, watch, type Ref } from 'vue';
import type { CameraStatus } from '../api/types';
import { useSession } from './session';

const everyMs = 4000;

export function useCameraStatus(stream: () => string, wanted: Readonly<Ref<boolean>>) {
  const session = useSession();
  const status = shallowRef<CameraStatus | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let round = 0;

  async function ask(mine: number): Promise<void> {
    try {
      const next = await session.request<CameraStatus>(`/api/v1/cameras/${encodeURIComponent(stream())}/status`);
      if (mine === round) status.value = next;
    } catch {
      // Its figures are missing then; what is wrong is said by the picture itself.
    }
    if (mine === round && wanted.value) timer = setTimeout(() => void ask(mine), everyMs);
  }

  watch(
    [stream, wanted],
    ([name, on], [before]) => {
      clearTimeout(timer);
      round += 1;
      if (name !== before) status.value = null;
      if (on) void ask(round);
    },
    { immediate: true },
  );
  onBeforeUnmount(() => {
    round += 1;
    clearTimeout(timer);
  });

  return status;
}
