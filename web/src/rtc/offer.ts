// The first half of a session: a peer connection and the offer that it makes of itself. It speaks with nobody.

export interface OfferOptions {
  createPeer(): RTCPeerConnection;
  /** Adds transceivers; called once for each new peer connection. */
  prepare(peer: RTCPeerConnection): void;
  tuneOffer?(sdp: string): string;
}

export interface Offer {
  peer: RTCPeerConnection;
  /** What to send; already the peer's local description, so that its candidates are being gathered. */
  sdp: Promise<string>;
}

/** Throws where the browser has no peer connections. Whoever takes the offer closes its peer. */
export function makeOffer(options: OfferOptions): Offer {
  const peer = options.createPeer();
  async function offer(): Promise<string> {
    options.prepare(peer);
    const made = await peer.createOffer();
    const sdp = options.tuneOffer?.(made.sdp ?? '') ?? made.sdp ?? '';
    await peer.setLocalDescription({ type: 'offer', sdp });
    return sdp;
  }
  return { peer, sdp: offer() };
}
