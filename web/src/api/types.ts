// Shapes of /api/v1 answers that the page uses. Only fields it reads are named.

export interface User {
  id: string;
  username: string;
  role: 'admin' | 'operator' | 'viewer' | 'api_only';
  permissions: string[];
}

export interface LoginAnswer {
  token: string;
  /** Seconds that the token is good for. */
  expiresIn: number;
  user: User;
}

export type StreamStatus = 'online' | 'offline' | 'connecting' | 'error';

export interface Camera {
  id: string;
  name: string;
  /** Short name, as in /whep/STREAM. */
  stream: string;
  location?: string | null;
  isActive: boolean;
  streamStatus: StreamStatus;
  /** `online` is ready and not streaming. */
  status: 'offline' | 'online' | 'streaming';
  source?: { url?: string } | null;
}

/** Of GET /cameras/ID/status. */
export interface CameraStatus {
  status: StreamStatus;
  viewerCount: number;
  /** Whose clock the capture times come from; null while nothing flows. */
  captureTime?: 'sender' | 'arrival' | null;
  /** From the source's start to its first picture, the last time. */
  startMs?: number | null;
  /** How old pictures are when they come to the server; null where nobody can know. */
  latencyMs?: number | null;
  /** Pictures that are missing since the source started. */
  droppedFrames?: number | null;
  bFrames?: boolean | null;
  reason?: string | null;
}

export interface Page<T> {
  items: T[];
  nextCursor?: string | null;
}
