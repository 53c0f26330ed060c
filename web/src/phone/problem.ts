// Why the browser gives no camera, as a code; the words for people are in strings/.

export type CaptureProblem =
  | 'insecure' // the page did not come by https
  | 'unsupported' // no getUserMedia although the page is secure
  | 'refused' // the user or the system said no
  | 'none' // there is no camera
  | 'busy' // another program has it
  | 'failed';

export function captureProblem(error: unknown): CaptureProblem {
  switch ((error as { name?: unknown } | null)?.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'refused';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'none';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'failed';
  }
}

/** What can be known without asking for a camera; null when asking is worth it. */
export function contextProblem(secure: boolean, devices: MediaDevices | undefined): CaptureProblem | null {
  if (devices && typeof devices.getUserMedia === 'function') return null;
  return secure ? 'unsupported' : 'insecure';
}
