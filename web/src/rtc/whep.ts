// Watching: a Link whose peer connection receives one video and one audio track. The offer is the same for each stream,
// so the first one can be made before it is known which stream is watched.

import { at } from '../base';
import { askForCaptureTime } from './capture_time';
import { CatchingUp } from './catching_up';
import { Link, type LinkOptions } from './link';
import { makeOffer, type Offer, type OfferOptions } from './offer';
import { askForSenderClock, askForStereo } from './sdp';
import { catchesUp } from './signaling';

export type WatchOptions = Pick<LinkOptions, 'token' | 'onStatus' | 'onStats' | 'onUnauthorized'> & {
  stream: string;
  /**
   * The tracks of a new connection: as soon as they are known, and again, the same object, when the connection
   * `delivers`. Then the stream before it will show nothing more.
   */
  onMedia(media: MediaStream, delivers: boolean): void;
  /** The picture that moves is an old one, played quickly until it is live. */
  onCatchingUp?(on: boolean): void;
};

const keptMs = 10_000;

const viewing: OfferOptions = {
  createPeer: () => new RTCPeerConnection({ bundlePolicy: 'max-bundle' }),
  prepare(peer) {
    for (const kind of ['video', 'audio']) askForCaptureTime(peer.addTransceiver(kind, { direction: 'recvonly' }));
  },
  tuneOffer: askForStereo,
};

let ahead: Offer | null = null;
let keeping: ReturnType<typeof setTimeout> | undefined;

/** Makes the offer of the next viewing now, while the page still asks who is there and what there is to see. */
export function offerAhead(): void {
  if (ahead) return;
  try {
    ahead = makeOffer(viewing);
  } catch {
    return; // The viewing says what is wrong.
  }
  ahead.sdp.catch(dropOffer);
  keeping = setTimeout(dropOffer, keptMs);
}

/** There will be no viewing after all. */
export function dropOffer(): void {
  takeOffer()?.peer.close();
}

function takeOffer(): Offer | null {
  clearTimeout(keeping);
  const taken = ahead;
  ahead = null;
  return taken;
}

export function watch(options: WatchOptions): Link {
  let status: string | null = null;
  const catchingUp = new CatchingUp(
    () => (status === null ? Promise.resolve(false) : catchesUp(status, options.token())),
    (on) => options.onCatchingUp?.(on),
  );
  let last: { peer: RTCPeerConnection; media: MediaStream } | undefined;
  const mediaOf = (peer: RTCPeerConnection): MediaStream => {
    if (last?.peer !== peer) {
      const receiving = peer.getTransceivers().filter((transceiver) => transceiver.currentDirection === 'recvonly');
      last = { peer, media: new MediaStream(receiving.map((transceiver) => transceiver.receiver.track)) };
    }
    return last.media;
  };
  return new Link({
    ...options,
    ...viewing,
    url: at(`/whep/${encodeURIComponent(options.stream)}`),
    receives: true,
    takeOffer,
    tuneAnswer: askForSenderClock,
    onStatus(next) {
      if (next.state !== 'live') catchingUp.stop();
      options.onStatus(next);
    },
    onStats(report) {
      catchingUp.update(report);
      options.onStats?.(report);
    },
    onAnswer: (peer) => options.onMedia(mediaOf(peer), false),
    onLive(peer, address) {
      status = address;
      catchingUp.begin();
      options.onMedia(mediaOf(peer), true);
    },
  });
}
