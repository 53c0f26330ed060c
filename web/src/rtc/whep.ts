// Watching: a Link whose peer connection receives one video and one audio track.

import { at } from '../base';
import { askForCaptureTime } from './capture_time';
import { CatchingUp } from './catching_up';
import { Link, type LinkOptions } from './link';
import { askForSenderClock, askForStereo } from './sdp';
import { catchesUp } from './signaling';

export type WatchOptions = Pick<LinkOptions, 'token' | 'createPeer' | 'onStatus' | 'onStats' | 'onUnauthorized'> & {
  stream: string;
  /** A new connection delivers; the previous stream will show nothing more. */
  onMedia(media: MediaStream): void;
  /** The picture that moves is an old one, played quickly until it is live. */
  onCatchingUp?(on: boolean): void;
};

export function watch(options: WatchOptions): Link {
  let status: string | null = null;
  const catchingUp = new CatchingUp(
    () => (status === null ? Promise.resolve(false) : catchesUp(status, options.token())),
    (on) => options.onCatchingUp?.(on),
  );
  return new Link({
    ...options,
    url: at(`/whep/${encodeURIComponent(options.stream)}`),
    receives: true,
    prepare(peer) {
      for (const kind of ['video', 'audio']) askForCaptureTime(peer.addTransceiver(kind, { direction: 'recvonly' }));
    },
    tuneOffer: askForStereo,
    tuneAnswer: askForSenderClock,
    onStatus(next) {
      if (next.state !== 'live') catchingUp.stop();
      options.onStatus(next);
    },
    onStats(report) {
      catchingUp.update(report);
      options.onStats?.(report);
    },
    onLive(peer, address) {
      status = address;
      catchingUp.begin();
      const tracks = peer
        .getTransceivers()
        .filter((transceiver) => transceiver.currentDirection === 'recvonly')
        .map((transceiver) => transceiver.receiver.track);
      options.onMedia(new MediaStream(tracks));
    },
  });
}
