// Which word stands for how the phone camera is, and which explanation is shown, if any: one at a time, the most
// pressing first.

import type { CaptureStatus } from '../../phone/capture';
import type { CaptureProblem } from '../../phone/problem';
import type { LinkStatus } from '../../rtc/link';
import { strings } from '../../strings';

export type PhoneState = keyof typeof strings.phone.states;

export const tones: Record<PhoneState, string> = {
  idle: 'bg-dot-idle',
  opening: 'bg-dot-warn',
  connecting: 'bg-dot-warn',
  live: 'bg-dot-good',
  reconnecting: 'bg-dot-warn',
  offline: 'bg-dot-idle',
  refused: 'bg-dot-bad',
  paused: 'bg-dot-warn',
  lost: 'bg-dot-bad',
};

export function shownState(running: boolean, busy: boolean, capture: CaptureStatus | null, link: LinkStatus): PhoneState {
  if (busy) return 'opening';
  if (!running) return 'idle';
  // Without a picture nothing is live, whatever the session says.
  if (capture?.state === 'lost' || capture?.state === 'paused') return capture.state;
  return link.state;
}

export interface Notice {
  kind: string;
  title: string;
  text: string;
  /** Trying again helps, when the user has done something. */
  again: boolean;
}

export interface Situation {
  problem: CaptureProblem | null;
  capture: CaptureStatus | null;
  link: LinkStatus;
  running: boolean;
  /** The link had a key: signing in is not what is missing. */
  keyed: boolean;
}

function ofCapture(kind: CaptureProblem): Notice {
  return { kind, ...strings.phone.captureProblems[kind], again: kind !== 'unsupported' };
}

function ofLink({ link, keyed }: Situation): Notice | null {
  if (link.state !== 'refused' && link.state !== 'offline') return null;
  const code = link.code ?? '';
  if (code === 'STREAM_ALREADY_PUBLISHED') return { kind: 'taken', ...strings.phone.taken, again: false };
  if (code === 'CAMERA_INACTIVE') return { kind: 'inactive', ...strings.phone.inactive, again: true };
  if (code.startsWith('AUTH_')) {
    const words = keyed ? strings.phone.wrongKey : strings.phone.signedOut;
    return { kind: 'key', ...words, again: keyed };
  }
  if (code.endsWith('NOT_FOUND')) return { kind: 'missing', ...strings.phone.missing, again: true };
  return { kind: 'server', title: strings.phone.states[link.state], text: link.reason, again: true };
}

export function notices(situation: Situation): Notice | null {
  const { problem, capture, link, running } = situation;
  if (problem && !running) return ofCapture(problem);
  if (!running) return null;
  if (capture?.state === 'lost' && capture.problem) return ofCapture(capture.problem);
  const refused = ofLink(situation);
  if (refused) return refused;
  if (capture?.state === 'lost') return { kind: 'lost', title: strings.phone.states.lost, text: strings.phone.cameraLost, again: false };
  if (capture?.state === 'paused') {
    return { kind: 'paused', title: strings.phone.states.paused, text: strings.phone.cameraPaused, again: false };
  }
  if (link.state === 'reconnecting' && link.reason) {
    return { kind: 'reconnecting', title: strings.phone.states.reconnecting, text: link.reason, again: false };
  }
  if (capture?.microphoneProblem && capture.state === 'on' && link.state !== 'live') {
    return { kind: 'microphone', title: strings.phone.states[link.state], text: strings.phone.microphoneProblems[capture.microphoneProblem], again: false };
  }
  return null;
}
