// Which word and colour stand for how a camera is.

import type { Camera } from '../api/admin_types';
import { strings } from '../strings';
import type { Tone } from '../ui/UiBadge.vue';
import { readSource, type SourceKind } from './source_form';

export type CameraState = keyof typeof strings.cameras.states;
type Stated = Pick<Camera, 'isActive' | 'streamStatus' | 'status'> & { source?: { url?: string } | null };

export const tones: Record<CameraState, Tone> = {
  online: 'good',
  connecting: 'warn',
  offline: 'idle',
  error: 'bad',
  inactive: 'idle',
  waiting: 'idle',
};

export function stateOf(camera: Stated): CameraState {
  if (!camera.isActive) return 'inactive';
  return camera.streamStatus === 'online' && camera.status === 'online' ? 'waiting' : camera.streamStatus;
}

/** Why it is so, where the word alone does not say. */
export function stateHint(camera: Stated): string {
  const state = stateOf(camera);
  if (state === 'inactive' || state === 'waiting' || state === 'error') return strings.cameras.stateHints[state];
  if (state !== 'offline') return '';
  return strings.cameras.stateHints[camera.source?.url === 'publish' ? 'publish' : 'offline'];
}

export function kindOf(camera: Stated): SourceKind {
  const { kind } = readSource(camera.source?.url ?? 'publish');
  return kind === 'whip' ? 'phone' : kind;
}

/** A phone and a program are the same to the server. */
export function kindName(camera: Stated): string {
  const kind = kindOf(camera);
  return kind === 'phone' ? strings.cameras.publishes : strings.cameras.kinds[kind].name;
}

export const kindIcons = {
  rtsp: 'camera',
  phone: 'phone',
  whip: 'external',
  device: 'monitor',
  test: 'statistics',
  launch: 'settings',
} as const;
