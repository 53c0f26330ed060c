export const help = {
  trust: 'Trust this server',
  trustText:
    'This server has certificates of its own. Tell your device once that it may trust them; then it shows no warning, and camera, microphone and full speed work everywhere.',
  trustWhy: 'Why is that needed?',
  trustWhyText:
    'The connection is encrypted either way. A server at home has no name that a public authority could vouch for, so it made an authority for itself when it first started. Trusting it tells your device to recognize this server, and nobody else.',
  trustHttp: 'You see this page over an unencrypted connection. Load the certificate only in a network that you trust.',
  download: 'Load the certificate',
  compare: 'Only trust certificates that come from somebody you trust: here, from the person who runs this server.',
  unavailable: 'This server has no certificate authority of its own, so there is nothing to do here.',
  device: 'Your device',
  steps: {
    iphone: {
      name: 'iPhone and iPad',
      steps: [
        'Open this page in Safari and choose “Load the certificate”, then “Allow”.',
        'Open Settings. At the top it says “Profile Downloaded”: choose it, then “Install”, and enter your code.',
        'Go to General › About › Certificate Trust Settings and turn on the switch beside RealLive.',
        'Come back to this page and load it again.',
      ],
    },
    android: {
      name: 'Android',
      steps: [
        'Choose “Load the certificate”. Android keeps it in Downloads.',
        'Open Settings and search for “CA certificate” (Security › More security settings › Install from storage).',
        'Choose “CA certificate”, then “Install anyway”, and pick the file ca.crt.',
        'Come back to this page and load it again. Firefox for Android asks for this once more in its own settings.',
      ],
    },
    windows: {
      name: 'Windows',
      steps: [
        'Choose “Load the certificate” and open the file ca.crt.',
        'Choose “Install Certificate …”, then “Current User”.',
        'Choose “Place all certificates in the following store”, then “Browse …” and “Trusted Root Certification Authorities”.',
        'Finish, confirm with “Yes”, and start the browser again.',
      ],
    },
    macos: {
      name: 'macOS',
      steps: [
        'Choose “Load the certificate” and open the file ca.crt; Keychain Access takes it into “login”.',
        'Find it in Keychain Access and open it by a double click.',
        'Open “Trust” and choose “Always Trust” for “When using this certificate”.',
        'Close the window, enter your password, and load this page again.',
      ],
    },
    linux: {
      name: 'Linux',
      steps: [
        'Choose “Load the certificate”.',
        'Chrome and Chromium: open Settings › Privacy and security › Security › Manage certificates › Authorities, choose “Import” and allow it for websites.',
        'Firefox: open Settings › Privacy & Security › View Certificates › Authorities, choose “Import” and allow it for websites.',
        'For programs such as curl on Debian: copy it to /usr/local/share/ca-certificates/ and run update-ca-certificates.',
      ],
    },
  },

  privacy: 'Privacy',
  privacyText: 'This is your server. What your cameras see stays on it.',
  privacyParts: [
    {
      title: 'Where pictures and sound go',
      text: 'From the camera to this server, and from it to the people you let watch. No company is in between: nothing is sent to anybody else, and the page loads nothing from anywhere else.',
    },
    {
      title: 'How they are protected',
      text: 'Live pictures travel encrypted (DTLS-SRTP), whoever watches. The page and all that is asked through it travel by HTTPS, unless the server is used on this very machine.',
    },
    {
      title: 'What is stored',
      text: 'Your account: user name, role, e-mail address if you gave one, and a hash of your password that nobody can read back. For each viewing and publication: who, when, from which address, how much. Camera passwords and stream keys are kept encrypted, for the server’s own use.',
    },
    {
      title: 'What stays in your browser',
      text: 'One cookie that keeps you signed in, readable by no script, and small settings such as the theme and the volume. There is no tracking and no statistics about you.',
    },
    {
      title: 'Who decides',
      text: 'The administrators of this server see its users, cameras and sessions, and can remove them. Ask them for a copy of what is stored about you, or to delete it.',
    },
  ],
};
