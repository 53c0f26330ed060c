// What the main navigation offers to whom.

import type { IconName } from '../ui/icons';
import { strings } from '../strings';

export interface Destination {
  /** Name of the route, also the first word of its children's names. */
  name: string;
  label: string;
  icon: IconName;
  admin?: boolean;
  /** Other routes that belong to it. */
  also?: readonly string[];
}

export const destinations: readonly Destination[] = [
  { name: 'live', label: strings.shell.live, icon: 'grid', also: ['watch'] },
  { name: 'cameras', label: strings.shell.cameras, icon: 'camera', also: ['camera-new', 'camera'] },
  { name: 'users', label: strings.shell.users, icon: 'users', admin: true },
  { name: 'settings', label: strings.shell.settings, icon: 'settings' },
];
