/** Public surface: who may do what in an assembly, and whether every hop may carry its messages. */
export { describeActor, principalOf } from './actor.ts';
export type { Actor } from './actor.ts';
export { decide, decideTrust } from './decide.ts';
export { pasteable } from './pasteable.ts';
export type { Access, Permission, PolicyKind, Refusal } from './permission.ts';
export { deliveriesOf } from './deliveries.ts';
export type { Carrier, Delivery, DeliveryKind } from './deliveries.ts';
export { accessOf, permissionsOf, publishing, receiving, sending } from './delivery-permissions.ts';
export { excessOf } from './excess.ts';
export type { Excess } from './excess.ts';
export { needsOf, publishTargets } from './needs.ts';
export type { Need } from './needs.ts';
export { requestKeys } from './request-keys.ts';
export { becauseOf } from './declared-needs.ts';
