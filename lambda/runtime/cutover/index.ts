/** Moving a consumer between transports: dual write, shadow, parity, cut over, roll back. */
export {
  claimEffect,
  liveTransport,
  registerConsumers,
  TransportNotLive,
  transportsOfConsumers,
} from './claim.ts';
export { claimOnce } from './claim-once.ts';
export type { EventClaim } from './claim-once.ts';
export { followElsewhere } from './follow.ts';
export type { FollowOptions, FollowReport } from './follow.ts';
export { releaseGivenUp } from './given-up.ts';
export { cutoverMigrations } from './migrations.ts';
export { mirrorEvents } from './mirror.ts';
export { mirrorName } from './mirror-name.ts';
export { moveConsumer } from './move.ts';
export { mirrorsOf, movesOf } from './moves.ts';
export type { MirrorState } from './moves.ts';
export { moveObstacles } from './obstacles.ts';
export { parityReport } from './parity.ts';
export { purgeShadows, shadowName, shadowOf } from './shadow.ts';
export { superviseConsumers } from './supervise.ts';
export { TRANSPORT_NAMES } from './types.ts';
export type {
  ConsumerTransport,
  EffectClaim,
  MirrorOptions,
  MoveObstacle,
  MoveOptions,
  MoveReport,
  ParityOptions,
  ParityReport,
  PastMove,
  Percentiles,
  RegisterConsumer,
  ShadowOptions,
  SupervisedConsumer,
  SupervisedReader,
  SuperviseOptions,
  Supervisor,
  TransportName,
} from './types.ts';
