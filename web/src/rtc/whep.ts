// Watching: a Link whose peer connection receives one video and one audio track.

import { at } from '../base';
import { askForCaptureTime } from './capture_time';
import { Link, type LinkOptions } from './link';
import { askForSenderClock, askForStereo } from './sdp';

export type WatchOptions = Pick<LinkOptions, 'token' | 'createPeer' | 'onStatus' | 'onStats' | 'onUnauthorized'> & {
  stream: string;
  /** A new connection delivers; the previous stream will show nothing more. */
  onMedia(media: MediaStream): void;
};

export function watch(options: WatchOptions): Link {
  return new Link({
    ...options,
    url: at(`/whep/${encodeURIComponent(options.stream)}`),
    receives: true,
    prepare(peer) {
      for (const kind of ['video', 'audio']) askForCaptureTime(peer.addTransceiver(kind, { direction: 'recvonly' }));
    },
    tuneOffer: askForStereo,
    tuneAnswer: askForSenderClock,
    onLive(peer) {
      const tracks = peer
        .getTransceivers()
        .filter((transceiver) => transceiver.currentDirection === 'recvonly')
        .map((transceiver) => transceiver.receiver.track);
      options.onMedia(new MediaStream(tracks));
    },
  });
}
