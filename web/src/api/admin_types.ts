// Shapes of /api/v1 that only managing needs. Only fields that the page reads are named.

import type { Camera as ListedCamera, Page, User } from './types';

export type { Page };
export type Role = User['role'];
export const roles: readonly Role[] = ['admin', 'operator', 'viewer', 'api_only'];

export const transports = ['auto', 'tcp', 'udp'] as const;
export type Transport = (typeof transports)[number];

export interface CameraSource {
  /** A password in it reads `***`. */
  url: string;
  transport: Transport;
  onDemand: boolean;
  transcode?: 'never' | 'h264';
}

export type Camera = Omit<ListedCamera, 'source'> & {
  company: string | null;
  model: string | null;
  serialNumber: string | null;
  location: string | null;
  place: string | null;
  resolution: string;
  source: CameraSource;
  isPublic: boolean;
  ownerId: string | null;
  /** For the owner and admins only. */
  streamKey?: string;
  createdAt: string;
  updatedAt: string;
};

export interface CameraChange {
  name?: string;
  stream?: string;
  company?: string;
  model?: string;
  serialNumber?: string;
  location?: string;
  place?: string;
  resolution?: string;
  isActive?: boolean;
  isPublic?: boolean;
  ownerId?: string;
  source?: Partial<CameraSource>;
}

export interface StreamAddresses {
  whep: string | null;
  whip: string | null;
  hls: string | null;
  mse: string | null;
  rtsp: string | null;
  rtmp: string | null;
  srt: string | null;
  snapshot: string | null;
  signaling: string | null;
  expiresAt: string | null;
}

export interface SourceTest {
  source: { url: string; username?: string; password?: string; transport?: Transport };
  /** Of a camera that is there already: what reads `***` in the address is taken from it. */
  cameraId?: string;
}

export type CameraTestCode =
  | 'ok'
  | 'password_refused'
  | 'no_answer'
  | 'not_found'
  | 'no_video'
  | 'not_allowed'
  | 'unsupported'
  | 'failed';

export interface CameraTest {
  ok: boolean;
  code: CameraTestCode;
  message: string;
  video: { codec: string; width: number; height: number; fps: number } | null;
  audio: { codec: string } | null;
  /** A data: address of a JPEG. */
  picture: string | null;
  elapsedMs: number;
}

export interface UserRecord {
  id: string;
  username: string;
  email: string | null;
  role: Role;
  isActive: boolean;
  createdAt: string;
}

export interface Invitation {
  id: string;
  role: Role;
  expiresAt: string;
  createdAt?: string;
}

export interface InvitationMade extends Invitation {
  token: string;
  url: string;
}

export interface SessionRecord {
  id: string;
  cameraId: string;
  kind: 'publish' | 'view' | 'record' | 'relay';
  protocol: string;
  startTime: string;
  status: 'active' | 'ended' | 'error';
  remoteAddress: string | null;
  userAgent: string | null;
  userId: string | null;
  bytes: number;
}

/** What may be put into links and QR codes, best first. */
export interface Addresses {
  http: string[];
  https: string[];
  publicUrl: string | null;
  caUrl: string | null;
}

export type SettingValue = string | number | boolean | string[];

export interface SettingItem {
  key: string;
  value: SettingValue;
  default: SettingValue;
  origin: 'default' | 'file' | 'stored' | 'environment' | 'command';
  type: 'string' | 'integer' | 'boolean' | 'list' | 'choice';
  choices?: string[];
  applies: 'now' | 'restart';
  description: string;
}
