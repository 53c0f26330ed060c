export const link = {
  unreachable: 'The server cannot be reached.',
  answered: (status: number) => `The server answered ${status}.`,
  unreadable: 'The server’s answer could not be read.',
  notASession: 'The server’s answer is not a WebRTC session.',
  noWebrtc: 'This browser cannot do WebRTC, or it is turned off.',
  noMedia: 'No media could be exchanged with the server (UDP may be blocked).',
  signInAgain: 'Please sign in again.',
  lost: 'The connection was lost.',
  notMade: 'The connection could not be made.',
  serverSilent: 'The server has fallen silent.',
  streamStopped: 'The stream has stopped.',
};
