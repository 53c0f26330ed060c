export const account = {
  signIn: 'Sign in',
  signingIn: 'Signing in …',
  username: 'User name',
  password: 'Password',
  wrong: 'User name or password is wrong.',
  ended: 'Your session has ended. Please sign in again.',
  currentPassword: 'Current password',
  newPassword: 'New password',
  newPasswordHint: 'At least 10 characters. A few words that only you would put together are best.',
};
