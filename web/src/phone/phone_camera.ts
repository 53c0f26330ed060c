// This device as a camera: joins what is captured to the session that publishes it, keeps the screen on, and says how
// both are. Switching cameras exchanges the track; the session goes on.

import { FiguresMeter, type Figures } from '../rtc/figures';
import type { LinkStatus } from '../rtc/link';
import { Publication, type PublishCodec } from '../rtc/whip';
import { Capture, type CaptureOptions, type CaptureStatus, type CaptureWishes } from './capture';
import { maxBitrate } from './quality';
import type { PhoneTarget } from './target';
import { WakeLock } from './wake_lock';

export interface PhoneCameraOptions {
  target: PhoneTarget;
  wishes: CaptureWishes;
  codec: PublishCodec;
  devices: MediaDevices;
  /** Of the signed-in user, for a target without a key. */
  token(): string | null;
  createPeer?(): RTCPeerConnection;
  onCapture(status: CaptureStatus): void;
  onLink(status: LinkStatus): void;
  onFigures(figures: Figures): void;
  /** The picture to show on this device itself. */
  onPreview(track: MediaStreamTrack | null): void;
  onUnauthorized(): void;
}

export class PhoneCamera {
  readonly capture: Capture;
  private readonly publication: Publication;
  private readonly wakeLock = new WakeLock();
  private readonly meter = new FiguresMeter();
  private resolution;
  private running = false;

  constructor(private readonly options: PhoneCameraOptions) {
    this.resolution = options.wishes.resolution;
    const capture: CaptureOptions = {
      devices: options.devices,
      onStatus: (status) => this.captureChanged(status),
      onTrack: (kind, track) => {
        this.publication.replace(kind, track);
        if (kind === 'video') options.onPreview(track);
      },
    };
    this.publication = new Publication({
      stream: options.target.stream,
      tracks: () => this.capture.tracks,
      codec: options.codec,
      maxBitrate: () => maxBitrate(this.resolution),
      token: () => options.target.key ?? options.token(),
      createPeer: options.createPeer ?? (() => new RTCPeerConnection({ bundlePolicy: 'max-bundle' })),
      onStatus: options.onLink,
      onStats: (report) => options.onFigures(this.meter.update(report, performance.now())),
      onUnauthorized: options.onUnauthorized,
    });
    this.capture = new Capture(capture, { ...options.wishes });
  }

  /** False when there is no camera to publish; why has been told to onCapture. */
  async start(): Promise<boolean> {
    if (this.running) return true;
    this.running = true;
    await this.capture.open();
    if (!this.running) return false;
    if (this.capture.tracks.length === 0) {
      this.running = false;
      return false;
    }
    document.addEventListener('visibilitychange', this.shown);
    this.wakeLock.hold();
    this.publication.link.start();
    return true;
  }

  stop(): void {
    this.running = false;
    document.removeEventListener('visibilitychange', this.shown);
    this.publication.link.stop();
    this.capture.close();
    this.wakeLock.release();
    this.options.onPreview(null);
  }

  /** Once more after a refusal. */
  tryAgain(): void {
    if (!this.running) return;
    this.publication.link.stop();
    this.publication.link.start();
  }

  private captureChanged(status: CaptureStatus): void {
    if (status.resolution !== this.resolution) {
      this.resolution = status.resolution;
      this.publication.limit();
    }
    this.options.onCapture(status);
  }

  /** Back from the background: a wait that began there need not be waited out. */
  private readonly shown = (): void => {
    if (document.visibilityState === 'visible') this.publication.link.retryNow();
  };
}
