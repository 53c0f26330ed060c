// Which word and colour stand for how a camera is.

import type { Camera } from '../api/admin_types';
import { strings } from '../strings';
import type { Tone } from '../ui/UiBadge.vue';
import { readSource, type SourceKind } from './source_form';

export type CameraState = keyof typeof strings.cameras.states;
type Stated = Pick<Camera, 'isActive' | 'streamStatus'> & { source?: { url?: string; onDemand?: boolean } | null };

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
  if (camera.streamStatus !== 'offline') return camera.streamStatus;
  return camera.source?.onDemand && camera.source.url !== 'publish' ? 'waiting' : 'offline';
}

/** Why it is so, where the word alone does not say. */
export function stateHint(camera: Stated): string {
  const state = stateOf(camera);
  if (state === 'inactive' || state === 'waiting') return strings.cameras.stateHints[state];
  return state === 'offline' && camera.source?.url === 'publish' ? strings.cameras.stateHints.publish : '';
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
