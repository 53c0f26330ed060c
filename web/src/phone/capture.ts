// Owns the tracks of this device's camera and microphone: opens, switches and changes them one step at a time, notices
// when they end or fall silent, and gets them back by itself. It knows nothing of the network and draws nothing.

import { type CameraDevice, type Facing, listCameras, nextCamera } from './devices';
import { type CaptureProblem, captureProblem } from './problem';
import { offered, type Resolution, resolutions, sizeWishes } from './quality';
import { Silence } from './silence';

/** `lost`: the camera was taken away and is asked for again; `paused`: the system gives no pictures for now. */
export type CaptureState = 'off' | 'opening' | 'on' | 'paused' | 'lost';

export interface ZoomRange {
  min: number;
  max: number;
  step: number;
  value: number;
}

export interface CaptureStatus {
  state: CaptureState;
  problem: CaptureProblem | null;
  cameras: CameraDevice[];
  cameraId: string | null;
  facing: Facing | null;
  resolution: Resolution;
  resolutions: Resolution[];
  /** Size of the pictures as they come, after the device was turned, too. */
  width: number;
  height: number;
  microphone: boolean;
  /** Why the microphone is off although it was wanted. */
  microphoneProblem: CaptureProblem | null;
  /** Null where the camera has no light that could be turned on. */
  torch: boolean | null;
  zoom: ZoomRange | null;
}

export interface CaptureWishes {
  cameraId: string | null;
  facing: Facing;
  resolution: Resolution;
  microphone: boolean;
}

export interface CaptureOptions {
  devices: MediaDevices;
  onStatus(status: CaptureStatus): void;
  /** A track takes the place of the one before of its kind; null: there is none for now. */
  onTrack(kind: 'video' | 'audio', track: MediaStreamTrack | null): void;
}

type Extra = { torch?: boolean; zoom?: { min: number; max: number; step?: number } | number };

const retryFirstMs = 1000;
const retryMostMs = 8000;
/** A camera that was only paused mostly comes back by itself when the page is shown again. */
const pausedLimitMs = 3000;

export class Capture {
  private video: MediaStreamTrack | null = null;
  private audio: MediaStreamTrack | null = null;
  private readonly silence = new Silence();
  private running = false;
  private steps: Promise<void> = Promise.resolve();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private zoomWanted: number | null = null;
  private status: CaptureStatus;

  constructor(
    private readonly options: CaptureOptions,
    private readonly wishes: CaptureWishes,
  ) {
    this.status = {
      state: 'off',
      problem: null,
      cameras: [],
      cameraId: wishes.cameraId,
      facing: wishes.facing,
      resolution: wishes.resolution,
      resolutions: [...resolutions],
      width: 0,
      height: 0,
      microphone: wishes.microphone,
      microphoneProblem: null,
      torch: null,
      zoom: null,
    };
  }

  get tracks(): MediaStreamTrack[] {
    return [this.video, this.audio].filter((track) => track !== null);
  }

  /** Resolves when the camera is on or the problem is known. */
  open(): Promise<void> {
    if (this.running) return this.steps;
    this.running = true;
    this.failures = 0;
    document.addEventListener('visibilitychange', this.shown);
    this.options.devices.addEventListener?.('devicechange', this.devicesChanged);
    return this.step(async () => {
      this.report({ state: 'opening', problem: null });
      if (await this.openVideo(true)) return;
      const { problem } = this.status;
      this.close();
      this.report({ problem });
    });
  }

  close(): void {
    if (!this.running) return;
    this.running = false;
    clearTimeout(this.timer);
    document.removeEventListener('visibilitychange', this.shown);
    this.options.devices.removeEventListener?.('devicechange', this.devicesChanged);
    this.dropVideo();
    this.dropAudio();
    this.silence.close();
    this.report({ state: 'off', problem: null, torch: null, zoom: null });
  }

  useCamera(id: string): Promise<void> {
    return this.step(async () => {
      const facing = this.status.cameras.find((camera) => camera.id === id)?.facing;
      const before = this.wishes.cameraId;
      this.wishes.cameraId = id;
      if (facing) this.wishes.facing = facing;
      this.dropVideo();
      if (await this.openVideo(false)) return;
      // Rather the camera from before than none; why the other one would not open stays said.
      const { problem } = this.status;
      this.wishes.cameraId = before;
      if (await this.openVideo(false)) this.report({ problem });
    });
  }

  async switchCamera(): Promise<void> {
    const next = nextCamera(this.status.cameras, this.status.cameraId);
    if (next) await this.useCamera(next.id);
  }

  setResolution(resolution: Resolution): Promise<void> {
    return this.step(async () => {
      this.wishes.resolution = resolution;
      this.report({ resolution });
      if (!this.video) return;
      try {
        await this.video.applyConstraints(this.constraints({}));
        this.measure();
      } catch {
        this.dropVideo();
        await this.openVideo(false);
      }
    });
  }

  setMicrophone(on: boolean): Promise<void> {
    return this.step(async () => {
      this.wishes.microphone = on;
      await this.openAudio();
    });
  }

  setTorch(on: boolean): Promise<void> {
    return this.step(async () => {
      if (!this.video || this.status.torch === null) return;
      await this.video.applyConstraints(this.constraints({ torch: on }));
      this.report({ torch: on });
    });
  }

  /** A slider gives more values than a camera can follow: those in between are left out. */
  setZoom(value: number): Promise<void> {
    const waiting = this.zoomWanted !== null;
    this.zoomWanted = value;
    if (waiting) return this.steps;
    return this.step(async () => {
      const wanted = this.zoomWanted;
      this.zoomWanted = null;
      if (!this.video || !this.status.zoom || wanted === null) return;
      await this.video.applyConstraints(this.constraints({ zoom: wanted }));
      this.report({ zoom: { ...this.status.zoom, value: wanted } });
    });
  }

  /** The picture's size changed, because the device was turned, for one. */
  measure(width?: number, height?: number): void {
    const settings = this.video?.getSettings?.() ?? {};
    this.report({ width: width ?? settings.width ?? 0, height: height ?? settings.height ?? 0 });
  }

  /** One after the other: two taps in a row must not open two cameras. What one cannot do leaves all as it was. */
  private step(work: () => Promise<void>): Promise<void> {
    this.steps = this.steps.then(() => (this.running ? work() : undefined)).catch(() => undefined);
    return this.steps;
  }

  private report(change: Partial<CaptureStatus>): void {
    this.status = { ...this.status, ...change };
    this.options.onStatus(this.status);
  }

  /** All that holds now with one change: what a new set of constraints leaves out would be given up. */
  private constraints(change: { torch?: boolean; zoom?: number }): MediaTrackConstraints {
    const now: { torch?: boolean; zoom?: number } = {};
    if (this.status.torch !== null) now.torch = this.status.torch;
    if (this.status.zoom) now.zoom = this.status.zoom.value;
    const wanted = { ...now, ...change };
    const size = sizeWishes(this.wishes.resolution);
    return Object.keys(wanted).length ? { ...size, advanced: [wanted as MediaTrackConstraintSet] } : size;
  }

  private videoWishes(): MediaTrackConstraints {
    const { cameraId, facing } = this.wishes;
    const known = this.status.cameras.length === 0 || this.status.cameras.some(({ id }) => id === cameraId);
    return {
      ...sizeWishes(this.wishes.resolution),
      ...(cameraId && known ? { deviceId: { exact: cameraId } } : { facingMode: { ideal: facing } }),
      // Only who asks for it may zoom; browsers that do not know it pass it over.
      zoom: true,
    } as MediaTrackConstraints & { zoom: boolean };
  }

  /** True when there is a picture. With `both` the microphone is asked for in the same breath: one question, not two. */
  private async openVideo(both: boolean): Promise<boolean> {
    clearTimeout(this.timer);
    let media: MediaStream;
    try {
      media = await this.ask(both && this.wishes.microphone);
    } catch (error) {
      if (this.running) this.cameraFailed(captureProblem(error));
      return false;
    }
    if (!this.running) {
      for (const track of media.getTracks()) track.stop();
      return false;
    }
    const video = media.getVideoTracks()[0] ?? null;
    if (!video) {
      this.cameraFailed('none');
      return false;
    }
    this.failures = 0;
    this.dropVideo();
    this.video = video;
    video.contentHint = 'motion';
    video.onended = () => this.videoEnded(video);
    video.onmute = () => this.videoMuted(video);
    video.onunmute = () => {
      if (video === this.video) this.report({ state: 'on' });
    };
    const cameras = await listCameras(this.options.devices);
    if (video !== this.video) return false;
    const settings = video.getSettings?.() ?? {};
    const cameraId = settings.deviceId ?? this.wishes.cameraId;
    const facing = (settings.facingMode as Facing | undefined) ?? cameras.find(({ id }) => id === cameraId)?.facing ?? null;
    this.wishes.cameraId = cameraId ?? null;
    if (facing) this.wishes.facing = facing;
    const extra = (video.getCapabilities?.() ?? {}) as Extra;
    const range = typeof extra.zoom === 'object' && extra.zoom.max > extra.zoom.min ? extra.zoom : null;
    this.options.onTrack('video', video);
    this.report({
      state: video.muted ? 'paused' : 'on',
      problem: null,
      cameras,
      cameraId: cameraId ?? null,
      facing,
      resolutions: offered(video),
      torch: extra.torch ? false : null,
      zoom: range && {
        min: range.min,
        max: range.max,
        step: range.step || (range.max - range.min) / 100,
        value: (settings as { zoom?: number }).zoom ?? range.min,
      },
    });
    this.measure();
    if (both) {
      const audio = media.getAudioTracks()[0] ?? null;
      if (audio) this.takeAudio(audio);
      else await this.openAudio();
    }
    return true;
  }

  private async ask(withAudio: boolean): Promise<MediaStream> {
    const video = this.videoWishes();
    if (withAudio) {
      try {
        return await this.options.devices.getUserMedia({ video, audio: true });
      } catch {
        // It may have been for the microphone alone: a silent camera is better than none.
      }
    }
    return this.options.devices.getUserMedia({ video });
  }

  private async openAudio(): Promise<void> {
    if (this.wishes.microphone) {
      if (this.audio && this.status.microphone && this.audio.readyState === 'live') return;
      try {
        const media = await this.options.devices.getUserMedia({ audio: true });
        const track = media.getAudioTracks()[0];
        if (track && this.running) this.takeAudio(track);
        else track?.stop();
        return;
      } catch (error) {
        this.report({ microphoneProblem: captureProblem(error) });
      }
    } else {
      this.report({ microphoneProblem: null });
    }
    this.dropAudio();
    this.audio = this.silence.track();
    this.options.onTrack('audio', this.audio);
    this.report({ microphone: false });
  }

  private takeAudio(track: MediaStreamTrack): void {
    this.dropAudio();
    this.audio = track;
    track.onended = () => {
      if (track === this.audio) void this.step(() => this.openAudio());
    };
    this.options.onTrack('audio', track);
    this.report({ microphone: true, microphoneProblem: null });
    this.silence.close();
  }

  private dropVideo(): void {
    if (!this.video) return;
    this.video.onended = this.video.onmute = this.video.onunmute = null;
    this.video.stop();
    this.video = null;
  }

  private dropAudio(): void {
    if (!this.audio) return;
    this.audio.onended = null;
    this.audio.stop();
    this.audio = null;
  }

  private cameraFailed(problem: CaptureProblem): void {
    this.dropVideo();
    this.options.onTrack('video', null);
    const wasOn = this.status.state !== 'opening';
    this.report({ state: wasOn ? 'lost' : 'off', problem });
    // Who was refused would be refused again; only the user can change that.
    if (wasOn && problem !== 'refused') this.retryLater();
  }

  private videoEnded(track: MediaStreamTrack): void {
    if (track !== this.video) return;
    this.report({ state: 'lost', problem: null, torch: null, zoom: null });
    this.options.onTrack('video', null);
    this.dropVideo();
    this.retryLater();
  }

  private videoMuted(track: MediaStreamTrack): void {
    if (track !== this.video) return;
    this.report({ state: 'paused' });
    this.reopenIfStillPaused();
  }

  private reopenIfStillPaused(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.video?.muted && document.visibilityState === 'visible') this.retryNow();
    }, pausedLimitMs);
  }

  private retryLater(): void {
    this.failures += 1;
    clearTimeout(this.timer);
    const wait = Math.min(retryFirstMs * 2 ** (this.failures - 1), retryMostMs);
    this.timer = setTimeout(() => this.retryNow(), wait);
  }

  private retryNow(): void {
    void this.step(async () => {
      if (this.video && !this.video.muted) return;
      this.dropVideo();
      this.report({ cameras: await listCameras(this.options.devices) });
      await this.openVideo(false);
    });
  }

  /** Ended and paused tracks are seen to when the page is looked at again: nothing can be opened behind its back. */
  private readonly shown = (): void => {
    if (document.visibilityState !== 'visible') return;
    if (this.video?.muted) this.reopenIfStillPaused();
    else if (this.video?.readyState === 'ended') this.videoEnded(this.video);
    else if (!this.video && this.status.state === 'lost') this.retryNow();
  };

  private readonly devicesChanged = (): void => {
    if (this.status.state === 'lost' && this.status.problem !== 'refused') {
      this.retryNow();
      return;
    }
    void this.step(async () => this.report({ cameras: await listCameras(this.options.devices) }));
  };
}
