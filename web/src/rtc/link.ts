// One WebRTC session that keeps itself alive: offers, waits, watches that packets arrive, and begins anew after any
// loss until it is stopped. It owns its peer connection and timers, and never touches the page.

import { ApiError } from '../api/http';
import { strings } from '../strings';
import { waitMs } from './backoff';
import { makeOffer, type Offer, type OfferOptions } from './offer';
import { endSession, postOffer } from './signaling';

/**
 * `idle` not started or stopped; `connecting` first attempt; `live` packets flow; `reconnecting` lost or the server is
 * away; `offline` the server is there, the stream is not; `refused` the server will not have it, and why is said.
 */
export type LinkState = 'idle' | 'connecting' | 'live' | 'reconnecting' | 'offline' | 'refused';

export interface LinkStatus {
  state: LinkState;
  /** A sentence for the user; empty when the state says all. */
  reason: string;
  /** The server's error code, where it was the server that said no. */
  code?: string;
}

export interface LinkOptions extends OfferOptions {
  /** /whep/STREAM or /whip/STREAM. */
  url: string;
  token(): string | null;
  /** An offer that was made ahead, to be used instead of a new one. */
  takeOffer?(): Offer | null;
  tuneAnswer?(sdp: string): string;
  /** True where media comes in: then silence of the media, too, is a loss. */
  receives: boolean;
  onStatus(status: LinkStatus): void;
  /** The answer is applied: what will come is known, though nothing has come. */
  onAnswer?(peer: RTCPeerConnection): void;
  /** `status`: where the API tells of this session; null when it tells nothing. */
  onLive?(peer: RTCPeerConnection, status: string | null): void;
  /** Every second while live. */
  onStats?(report: RTCStatsReport): void;
  onUnauthorized(): void;
}

const answerLimitMs = 20_000; // the server may take 10 s to start a source on demand
const connectLimitMs = 10_000;
const pollMs = 1000;
const silenceLimitMs = 4000; // a sender report comes every second, so silence means that the server is gone
const mediaLimitMs = 5000;
const settledMs = 5000; // live for so long, earlier failures are forgotten

interface Traffic {
  any: number;
  media: number;
}

/** Bytes that came in: on the chosen candidate pair, and in RTP streams. */
export function incoming(report: RTCStatsReport): Traffic {
  const traffic: Traffic = { any: 0, media: 0 };
  report.forEach((entry: { type: string; bytesReceived?: number }) => {
    if (entry.type === 'candidate-pair') traffic.any += entry.bytesReceived ?? 0;
    if (entry.type === 'inbound-rtp') traffic.media += entry.bytesReceived ?? 0;
  });
  return traffic;
}

class Attempt {
  session: string | null = null;
  status: string | null = null;
  /** What the session was made with: the same may end it, also after the user has signed out. */
  token: string | null = null;
  readonly abort = new AbortController();
  connectTimer: ReturnType<typeof setTimeout> | undefined;
  answerTimer: ReturnType<typeof setTimeout> | undefined;
  pollTimer: ReturnType<typeof setInterval> | undefined;
  polling = false;
  live = false;
  liveSince = 0;
  traffic: Traffic = { any: -1, media: -1 };
  anyAt = 0;
  mediaAt = 0;

  constructor(readonly peer: RTCPeerConnection) {}

  dispose(): void {
    clearTimeout(this.connectTimer);
    clearTimeout(this.answerTimer);
    clearInterval(this.pollTimer);
    this.peer.onconnectionstatechange = null;
    this.abort.abort();
    this.peer.close();
  }
}

export class Link {
  private attempt: Attempt | null = null;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private running = false;
  private status: LinkStatus = { state: 'idle', reason: '' };

  constructor(private readonly options: LinkOptions) {}

  start(): void {
    if (this.running) return;
    this.running = true;
    this.failures = 0;
    window.addEventListener('online', this.retryNow);
    window.addEventListener('pagehide', this.leave);
    window.addEventListener('pageshow', this.comeBack);
    this.report('connecting');
    void this.connect();
  }

  stop(): void {
    if (!this.running) return;
    this.running = false;
    window.removeEventListener('online', this.retryNow);
    window.removeEventListener('pagehide', this.leave);
    window.removeEventListener('pageshow', this.comeBack);
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    this.drop();
    this.report('idle');
  }

  /** Ends a wait: the network or the stream is known to be back. */
  readonly retryNow = (): void => {
    if (!this.running || this.retryTimer === undefined) return;
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    void this.connect();
  };

  private readonly leave = (): void => {
    this.drop();
  };

  /** A page shown again from the browser's back/forward cache. */
  private readonly comeBack = (): void => {
    if (this.running && !this.attempt && this.retryTimer === undefined) void this.connect();
  };

  private report(state: LinkState, reason = '', code?: string): void {
    if (this.status.state === state && this.status.reason === reason && this.status.code === code) return;
    this.status = code === undefined ? { state, reason } : { state, reason, code };
    this.options.onStatus(this.status);
  }

  private drop(): void {
    const attempt = this.attempt;
    this.attempt = null;
    if (!attempt) return;
    if (attempt.session) endSession(attempt.session, attempt.token);
    attempt.dispose();
  }

  private async connect(): Promise<void> {
    let offer: Offer;
    try {
      offer = this.options.takeOffer?.() ?? makeOffer(this.options);
    } catch {
      this.report('refused', strings.link.noWebrtc);
      return;
    }
    const { peer } = offer;
    const attempt = new Attempt(peer);
    this.attempt = attempt;
    peer.onconnectionstatechange = () => this.peerChanged(attempt);
    try {
      const sdp = await offer.sdp;
      if (attempt !== this.attempt) return;
      attempt.answerTimer = setTimeout(() => attempt.abort.abort(), answerLimitMs);
      attempt.token = this.options.token();
      const answer = await postOffer(this.options.url, sdp, attempt.token, attempt.abort.signal);
      clearTimeout(attempt.answerTimer);
      if (attempt !== this.attempt) {
        endSession(answer.session, attempt.token);
        return;
      }
      attempt.session = answer.session;
      attempt.status = answer.status;
      attempt.connectTimer = setTimeout(() => this.lost(attempt, strings.link.noMedia), connectLimitMs);
      await peer.setRemoteDescription({ type: 'answer', sdp: this.options.tuneAnswer?.(answer.sdp) ?? answer.sdp });
      if (attempt === this.attempt) this.options.onAnswer?.(peer);
    } catch (error) {
      if (attempt === this.attempt) this.failed(error);
    }
  }

  private failed(error: unknown): void {
    this.drop();
    const problem = error instanceof ApiError ? error : new ApiError(0, 'BROWSER', String(error));
    switch (problem.status) {
      case 401:
        this.report('refused', strings.link.signInAgain, problem.code);
        this.options.onUnauthorized();
        return;
      case 400:
      case 403:
      case 415:
      case 422:
        this.report('refused', problem.message, problem.code);
        this.retryLater(30_000);
        return;
      case 404:
      case 409:
        // To a viewer 409 says that nothing is live, to a publisher that another one is.
        this.report(
          this.options.receives || problem.status === 404 ? 'offline' : 'refused',
          problem.message,
          problem.code,
        );
        this.retryLater(problem.retryAfterMs ?? 3000);
        return;
      case 503:
        this.report('offline', problem.message, problem.code);
        this.retryLater(problem.retryAfterMs);
        return;
      default:
        this.report('reconnecting', problem.message);
        this.retryLater(problem.retryAfterMs);
    }
  }

  private lost(attempt: Attempt, reason: string): void {
    if (attempt !== this.attempt) return;
    this.drop();
    this.report('reconnecting', reason);
    this.retryLater(null);
  }

  private retryLater(asked: number | null): void {
    this.failures += 1;
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(this.retryNow, waitMs(this.failures, asked, Math.random()));
  }

  private peerChanged(attempt: Attempt): void {
    if (attempt !== this.attempt) return;
    switch (attempt.peer.connectionState) {
      case 'connected':
        this.live(attempt);
        break;
      case 'failed':
      case 'closed':
        this.lost(attempt, attempt.live ? strings.link.lost : strings.link.notMade);
        break;
      default:
        break;
    }
  }

  private live(attempt: Attempt): void {
    clearTimeout(attempt.connectTimer);
    if (attempt.live) return;
    attempt.live = true;
    attempt.liveSince = attempt.anyAt = attempt.mediaAt = performance.now();
    attempt.pollTimer = setInterval(() => void this.poll(attempt), pollMs);
    this.report('live');
    this.options.onLive?.(attempt.peer, attempt.status);
  }

  private async poll(attempt: Attempt): Promise<void> {
    if (attempt.polling) return;
    attempt.polling = true;
    // A connection that is being closed has no statistics any more.
    const report = await attempt.peer.getStats().catch(() => null);
    attempt.polling = false;
    if (!report || attempt !== this.attempt) return;
    const now = performance.now();
    const traffic = incoming(report);
    if (traffic.any !== attempt.traffic.any) attempt.anyAt = now;
    if (traffic.media !== attempt.traffic.media) attempt.mediaAt = now;
    attempt.traffic = traffic;
    if (now - attempt.liveSince > settledMs) this.failures = 0;
    this.options.onStats?.(report);
    if (now - attempt.anyAt > silenceLimitMs) {
      this.lost(attempt, strings.link.serverSilent);
    } else if (this.options.receives && now - attempt.mediaAt > mediaLimitMs) {
      this.lost(attempt, strings.link.streamStopped);
    }
  }
}
