/** Every stable code of Waybill with its explanation, by area. */
import {
  ASSEMBLY_EXPLANATIONS,
  BROKER_EXPLANATIONS,
  LOCAL_EXPLANATIONS,
  POSTGRES_EXPLANATIONS,
  WORKLOAD_EXPLANATIONS,
} from './assembly.ts';
import { AGENTS_EXPLANATIONS } from './agents.ts';
import { AMQP_EXPLANATIONS } from './amqp.ts';
import { capacityExplanations } from './capacity.ts';
import { COMMAND_EXPLANATIONS } from './commands.ts';
import { COMMERCE_EXPLANATIONS } from './commerce.ts';
import { CONSTRUCT_EXPLANATIONS } from './constructs.ts';
import { CONTRACT_EXPLANATIONS, LOCK_EXPLANATIONS, TOPOLOGY_EXPLANATIONS } from './contracts.ts';
import { CORE_EXPLANATIONS, TOKEN_EXPLANATIONS } from './core.ts';
import { CUTOVER_EXPLANATIONS } from './cutover.ts';
import { withSource } from './explanation.ts';
import type { Explanation } from './explanation.ts';
import { GENERATION_EXPLANATIONS } from './generation.ts';
import { guardExplanations } from './guards.ts';
import { JOBS_EXPLANATIONS } from './jobs.ts';
import { NEST_EXPLANATIONS } from './nestjs.ts';
import { PROOF_EXPLANATIONS } from './proofs.ts';
import { REDIS_EXPLANATIONS } from './redis.ts';
import { REST_API_EXPLANATIONS } from './rest-apis.ts';
import {
  CLAIM_CHECK_EXPLANATIONS,
  DATABASE_EXPLANATIONS,
  DEGRADATION_EXPLANATIONS,
  EVENT_STORE_EXPLANATIONS,
  OUTBOX_EXPLANATIONS,
  PUBLISH_EXPLANATIONS,
  RUNTIME_EXPLANATIONS,
  SEALING_EXPLANATIONS,
} from './runtime.ts';

export type { Explanation } from './explanation.ts';

export interface Area {
  readonly title: string;
  /** By code. */
  readonly explanations: Readonly<Record<string, Explanation>>;
}

export const AREAS: readonly Area[] = [
  { title: 'Guards: what loses messages in silence', explanations: guardExplanations() },
  { title: 'Proofs', explanations: withSource(PROOF_EXPLANATIONS, 'docs/architecture.md') },
  { title: 'Capacity and quotas', explanations: capacityExplanations() },
  { title: 'Constructs', explanations: withSource(CONSTRUCT_EXPLANATIONS, 'docs/constructs.md') },
  {
    title: 'Contracts and catalogue',
    explanations: {
      ...withSource(CONTRACT_EXPLANATIONS, 'docs/architecture.md'),
      ...withSource(LOCK_EXPLANATIONS, 'docs/architecture.md'),
      ...withSource(TOPOLOGY_EXPLANATIONS, 'docs/topology.md'),
    },
  },
  {
    title: 'Runtime, outbox and database',
    explanations: {
      ...withSource(RUNTIME_EXPLANATIONS, 'docs/runtime.md'),
      ...withSource(CUTOVER_EXPLANATIONS, 'docs/transport-migration.md'),
      ...withSource(PUBLISH_EXPLANATIONS, 'docs/runtime.md'),
      ...withSource(AMQP_EXPLANATIONS, 'docs/amqp.md'),
      ...withSource(REDIS_EXPLANATIONS, 'docs/redis.md'),
      ...withSource(SEALING_EXPLANATIONS, 'docs/sealing.md'),
      ...withSource(CLAIM_CHECK_EXPLANATIONS, 'docs/claim-check.md'),
      ...withSource(DEGRADATION_EXPLANATIONS, 'docs/degradation.md'),
      ...withSource(EVENT_STORE_EXPLANATIONS, 'docs/event-store.md'),
      ...withSource(OUTBOX_EXPLANATIONS, 'docs/outbox.md'),
      ...withSource(DATABASE_EXPLANATIONS, 'docs/outbox.md'),
    },
  },
  { title: 'NestJS', explanations: withSource(NEST_EXPLANATIONS, 'docs/nestjs.md') },
  {
    title: 'Cloud assembly, local run and test kit',
    explanations: {
      ...withSource(ASSEMBLY_EXPLANATIONS, 'docs/local-run.md'),
      ...withSource(LOCAL_EXPLANATIONS, 'docs/testing.md'),
      ...withSource(POSTGRES_EXPLANATIONS, 'docs/local-run.md'),
      ...withSource(BROKER_EXPLANATIONS, 'docs/kafka.md'),
      ...withSource(WORKLOAD_EXPLANATIONS, 'docs/local-run.md'),
    },
  },
  { title: 'Command line', explanations: withSource(COMMAND_EXPLANATIONS, 'docs/local-run.md') },
  {
    title: 'The systems of this repository',
    explanations: {
      ...withSource(CORE_EXPLANATIONS, 'docs/core-system.md'),
      ...withSource(COMMERCE_EXPLANATIONS, 'docs/commerce.md'),
      ...withSource(AGENTS_EXPLANATIONS, 'docs/agents.md'),
      ...withSource(GENERATION_EXPLANATIONS, 'docs/generation.md'),
      ...withSource(JOBS_EXPLANATIONS, 'docs/jobs.md'),
      ...withSource(REST_API_EXPLANATIONS, 'docs/jobs.md'),
      ...withSource(TOKEN_EXPLANATIONS, 'docs/core-system.md'),
    },
  },
];

export const EXPLANATIONS: Readonly<Record<string, Explanation>> = Object.assign(
  {},
  ...AREAS.map(({ explanations }) => explanations),
) as Record<string, Explanation>;
