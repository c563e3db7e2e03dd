/** `waybill/testing`: the embedded AWS inside a test, with its clock, its faults and a look into everything. */
export { startAws } from './start-aws.ts';
export type { StartAwsOptions, TestAws } from './start-aws.ts';
export type { TimeSpan } from './time-span.ts';
export type { TestClock } from './test-clock.ts';
export type { EventBusUnderTest, FunctionUnderTest, QueueUnderTest, TopicUnderTest } from './inspection.ts';
export type { QueuedMessage } from './inspection.ts';
export type { DeniedCall, Delivery, Invocation } from './records.ts';
export { AwsError, StateError } from '../aws/index.ts';
export type { FaultCall, FaultEffect, FaultRule, FaultRules, Happening } from '../aws/index.ts';
export { AssemblyError } from '../assembly/index.ts';
export type { DeployedAssembly, DeployedResource } from '../assembly/index.ts';
export { readAssembly } from '../../lib/assembly/index.ts';
export type { Assembly } from '../../lib/assembly/index.ts';
export { DeliveryError, expectDelivery, proveAssembly } from '../../lib/proofs/index.ts';
export type { Break, BusEntry, ExpectedEvent, Proof, PublishedMessage } from '../../lib/proofs/index.ts';
