// Asks for the RTP header extension that carries each frame's capture time. Browsers offer it only when told to;
// those that cannot be told go without, and then no latency is shown.

const uri = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time';

interface HeaderExtension {
  uri: string;
  direction: RTCRtpTransceiverDirection;
}

interface NegotiableTransceiver {
  getHeaderExtensionsToNegotiate?(): HeaderExtension[];
  setHeaderExtensionsToNegotiate?(extensions: HeaderExtension[]): void;
}

export function askForCaptureTime(transceiver: RTCRtpTransceiver): void {
  const negotiable = transceiver as NegotiableTransceiver;
  const extensions = negotiable.getHeaderExtensionsToNegotiate?.();
  if (!extensions) return;
  for (const extension of extensions) {
    if (extension.uri === uri) extension.direction = 'sendrecv';
  }
  negotiable.setHeaderExtensionsToNegotiate?.(extensions);
}
