// Ties a PhoneCamera to a component's life: remembers what was chosen on this device, starts by itself after a reload
// in the middle, and lets the camera go when the page is left.

import { onBeforeUnmount, ref, shallowRef } from 'vue';
import type { CaptureStatus, CaptureWishes } from '../../phone/capture';
import { PhoneCamera } from '../../phone/phone_camera';
import { type CaptureProblem, contextProblem } from '../../phone/problem';
import { isResolution, standard } from '../../phone/quality';
import type { PhoneTarget } from '../../phone/target';
import type { Figures } from '../../rtc/figures';
import type { LinkStatus } from '../../rtc/link';
import type { PublishCodec } from '../../rtc/whip';
import { useSession } from '../../stores/session';

const choicesKey = 'reallive.phone';
const runningKey = 'reallive.phone.running';

interface Choices extends CaptureWishes {
  codec: PublishCodec;
}

function kept(): Choices {
  const choices: Choices = { cameraId: null, facing: 'environment', resolution: standard, microphone: true, codec: 'H264' };
  try {
    const stored = JSON.parse(localStorage.getItem(choicesKey) ?? '{}') as Partial<Record<keyof Choices, unknown>>;
    if (typeof stored.cameraId === 'string') choices.cameraId = stored.cameraId;
    if (stored.facing === 'user') choices.facing = 'user';
    if (isResolution(stored.resolution)) choices.resolution = stored.resolution;
    if (stored.microphone === false) choices.microphone = false;
    if (stored.codec === 'VP8') choices.codec = 'VP8';
  } catch {
    // Junk, or no storage: the standard choices do.
  }
  return choices;
}

export function usePhone(target: () => PhoneTarget | null) {
  const session = useSession();
  const choices = ref<Choices>(kept());
  const capture = shallowRef<CaptureStatus | null>(null);
  const link = shallowRef<LinkStatus>({ state: 'idle', reason: '' });
  const figures = shallowRef<Figures | null>(null);
  const preview = shallowRef<MediaStream | null>(null);
  const busy = ref(false);
  const running = ref(false);
  const problem = ref<CaptureProblem | null>(contextProblem(window.isSecureContext, navigator.mediaDevices));
  let camera: PhoneCamera | null = null;

  function remember(change: Partial<Choices>): void {
    choices.value = { ...choices.value, ...change };
    try {
      localStorage.setItem(choicesKey, JSON.stringify(choices.value));
    } catch {
      // Then the choices last until the page is left.
    }
  }

  function markRunning(stream: string | null): void {
    try {
      if (stream) sessionStorage.setItem(runningKey, stream);
      else sessionStorage.removeItem(runningKey);
    } catch {
      // Then a reload asks for a tap.
    }
  }

  function wasRunning(): boolean {
    try {
      return sessionStorage.getItem(runningKey) === target()?.stream;
    } catch {
      return false;
    }
  }

  function captureChanged(status: CaptureStatus): void {
    capture.value = status;
    if (status.state === 'off') problem.value = status.problem;
    else if (status.state === 'on') {
      problem.value = null;
      if (status.cameraId) remember({ cameraId: status.cameraId });
      if (status.facing) remember({ facing: status.facing });
    }
  }

  async function start(): Promise<void> {
    const wanted = target();
    if (!wanted || busy.value || running.value) return;
    problem.value = contextProblem(window.isSecureContext, navigator.mediaDevices);
    if (problem.value) return;
    busy.value = true;
    figures.value = null;
    const { codec, ...wishes } = choices.value;
    camera = new PhoneCamera({
      target: wanted,
      wishes,
      codec,
      devices: navigator.mediaDevices,
      token: () => session.token,
      onCapture: captureChanged,
      onLink: (status) => (link.value = status),
      onFigures: (next) => (figures.value = next),
      onPreview: (track) => (preview.value = track && new MediaStream([track])),
      onUnauthorized: () => {
        if (!wanted.key) void session.expired();
      },
    });
    running.value = await camera.start();
    busy.value = false;
    if (running.value) markRunning(wanted.stream);
    else camera = null;
  }

  function end(): void {
    camera?.stop();
    camera = null;
    running.value = busy.value = false;
    link.value = { state: 'idle', reason: '' };
    figures.value = null;
  }

  function stop(): void {
    markRunning(null);
    end();
  }

  onBeforeUnmount(stop);

  return {
    choices,
    capture,
    link,
    figures,
    preview,
    busy,
    running,
    problem,
    start,
    stop,
    wasRunning,
    tryAgain: () => camera?.tryAgain(),
    measure: (width: number, height: number) => camera?.capture.measure(width, height),
    switchCamera: () => camera?.capture.switchCamera(),
    useCamera: (id: string) => camera?.capture.useCamera(id),
    setTorch: (on: boolean) => camera?.capture.setTorch(on),
    setZoom: (value: number) => camera?.capture.setZoom(value),
    setMicrophone(on: boolean): void {
      remember({ microphone: on });
      void camera?.capture.setMicrophone(on);
    },
    setResolution(resolution: Choices['resolution']): void {
      remember({ resolution });
      void camera?.capture.setResolution(resolution);
    },
    setCodec: (codec: PublishCodec) => remember({ codec }),
  };
}
