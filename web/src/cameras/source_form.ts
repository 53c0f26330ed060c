// Between a camera's `source.url` and what people type into a form: kind, address, user and password apart. What the
// server shows as `***` is never sent back as if it were the real thing.

export type SourceKind = 'rtsp' | 'phone' | 'whip' | 'test' | 'device' | 'launch';

export interface SourceForm {
  kind: SourceKind;
  /** rtsp://HOST/PATH without user and password. */
  address: string;
  username: string;
  password: string;
  device: string;
  fragment: string;
}

export type SourceFault =
  | 'address-missing'
  | 'address-scheme'
  | 'address-host'
  | 'address-space'
  | 'address-long'
  | 'password-again' // the address changed: a stored password does not follow it to another host
  | 'query-again'
  | 'device-missing'
  | 'fragment-missing';

const longest = 500;
const hidden = '***';

export function emptySource(kind: SourceKind = 'rtsp'): SourceForm {
  return { kind, address: '', username: '', password: '', device: '', fragment: '' };
}

interface Split {
  scheme: string;
  user: string | null;
  password: string;
  rest: string;
}

/** The last @ before the path divides: passwords with a plain @ are common in the addresses that manuals give. */
function split(url: string): Split | null {
  const match = /^(rtsps?):\/\/([^/?#]*)(.*)$/is.exec(url);
  if (!match) return null;
  const [, scheme = '', authority = '', path = ''] = match;
  const at = authority.lastIndexOf('@');
  const credentials = at === -1 ? null : authority.slice(0, at);
  const colon = credentials?.indexOf(':') ?? -1;
  return {
    scheme: scheme.toLowerCase(),
    user: credentials === null ? null : colon === -1 ? credentials : credentials.slice(0, colon),
    password: credentials === null || colon === -1 ? '' : credentials.slice(colon + 1),
    rest: authority.slice(at + 1) + path,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Kind and fields of a camera as the server describes it. A phone and another program are both `publish`. */
export function readSource(url: string): SourceForm {
  if (url === 'test') return emptySource('test');
  if (url === 'publish') return emptySource('whip');
  if (/^device:/i.test(url)) return { ...emptySource('device'), device: url.slice(7) };
  if (/^launch:/i.test(url)) return { ...emptySource('launch'), fragment: url.slice(7) };
  const parts = split(url);
  return { ...emptySource('rtsp'), address: parts ? `${parts.scheme}://${parts.rest}` : url };
}

/** Whether the address as the server shows it hides a user and password. */
export function hasCredentials(url: string): boolean {
  return split(url)?.user != null;
}

/** What somebody pasted, tidied: a user and password inside the address go where they belong. */
export function tidyAddress(form: SourceForm): SourceForm {
  const typed = form.address.trim();
  const whole = typed === '' || /^[a-z][a-z0-9+.-]*:\/\//i.test(typed) ? typed : `rtsp://${typed}`;
  const parts = split(whole);
  if (!parts) return { ...form, address: whole };
  const tidy = { ...form, address: `${parts.scheme}://${parts.rest}` };
  if (parts.user === null) return tidy;
  return { ...tidy, username: decoded(parts.user), password: parts.password ? decoded(parts.password) : form.password };
}

/** `stored` is the address as the server shows it, when there is one already. */
export function sourceFault(form: SourceForm, stored = ''): SourceFault | null {
  switch (form.kind) {
    case 'device':
      return form.device.trim() ? null : 'device-missing';
    case 'launch':
      return form.fragment.trim() ? null : 'fragment-missing';
    case 'rtsp':
      break;
    default:
      return null;
  }
  const tidy = tidyAddress(form);
  if (!tidy.address) return 'address-missing';
  if (/\s/.test(tidy.address)) return 'address-space';
  const parts = split(tidy.address);
  if (!parts) return 'address-scheme';
  if (!/^(\[[0-9a-f:.]+\]|[\w.-]+)(:\d{1,5})?([/?].*)?$/i.test(parts.rest)) return 'address-host';
  if (writeSource(tidy).length > longest) return 'address-long';
  const same = tidy.address === readSource(stored).address;
  const typed = tidy.username !== '' || tidy.password !== '';
  if (parts.rest.includes(`=${hidden}`) && (!same || typed)) return 'query-again';
  return !same && !typed && hasCredentials(stored) ? 'password-again' : null;
}

export function writeSource(form: SourceForm): string {
  switch (form.kind) {
    case 'phone':
    case 'whip':
      return 'publish';
    case 'test':
      return 'test';
    case 'device':
      return `device:${form.device.trim()}`;
    case 'launch':
      return `launch:${form.fragment.trim()}`;
    default: {
      const { address, username, password } = tidyAddress(form);
      if (!username && !password) return address;
      const credentials = `${encodeURIComponent(username)}${password ? `:${encodeURIComponent(password)}` : ''}`;
      return address.replace('://', `://${credentials}@`);
    }
  }
}

/** The `source.url` to send for a camera that has one: undefined where it stays as it is. */
export function changedSource(form: SourceForm, stored: string, forget: boolean): string | undefined {
  const before = readSource(stored);
  if (form.kind === 'rtsp' && before.kind === 'rtsp') {
    const tidy = tidyAddress(form);
    const same = tidy.address === before.address && !tidy.username && !tidy.password;
    return same && !(forget && hasCredentials(stored)) ? undefined : writeSource(tidy);
  }
  const url = writeSource(form);
  return url === stored ? undefined : url;
}
